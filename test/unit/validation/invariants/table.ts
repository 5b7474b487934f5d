import { bundles } from './bundles.ts';
import { clinical } from './clinical.ts';
import { conformance } from './conformance.ts';
import { dataTypes } from './data-types.ts';
import { questionnaires } from './questionnaires.ts';
import type { Row } from './resources.ts';
import { elementDefinitions, structureDefinitions } from './structure-definitions.ts';
import { terminology } from './terminology.ts';
import { testScripts } from './test-scripts.ts';

/** R4's invariants, each with resources that meet it and resources that fail by it alone. */
export const table: readonly Row[] = [
  ...dataTypes,
  ...bundles,
  ...clinical,
  ...conformance,
  ...terminology,
  ...questionnaires,
  ...elementDefinitions,
  ...structureDefinitions,
  ...testScripts,
];
