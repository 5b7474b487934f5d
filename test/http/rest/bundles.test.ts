import { suites as batch } from './batch.ts';
import { suites as bundleTypes } from './bundle-types.ts';
import { suites as capabilities } from './capabilities.ts';
import { suites as heldReferences } from './held-references.ts';
import { suites as history } from './history.ts';
import { suites as references } from './references.ts';
import { suites as search } from './search.ts';
import { conform } from './suite.ts';
import { suites as transaction } from './transaction.ts';

/** R4 http.html: what is asked of many resources, or of the system. */
conform([search, capabilities, batch, transaction, bundleTypes, references, heldReferences, history].flat());
