import { evaluateMeasure } from './measure/evaluate-measure.ts';
import { pendingReferences } from './references/pending-references.ts';
import type { Operation } from './request/context.ts';
import { validate } from './validate/validate.ts';

/** Every `$operation` of the server, a line each. */
export const operations: readonly Operation[] = [evaluateMeasure, pendingReferences, validate];
