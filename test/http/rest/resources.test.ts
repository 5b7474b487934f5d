import { suites as base } from './base.ts';
import { suites as binary } from './binary.ts';
import { suites as content } from './content.ts';
import { suites as contention } from './contention.ts';
import { suites as create } from './create.ts';
import { suites as deletion } from './delete.ts';
import { suites as patch } from './patch.ts';
import { suites as read } from './read.ts';
import { suites as returned } from './return.ts';
import { conform } from './suite.ts';
import { suites as update } from './update.ts';

/** R4 http.html: what is asked of one resource. */
conform([base, content, returned, read, update, contention, patch, deletion, create, binary].flat());
