import { of, type Row } from './resources.ts';

const setup = (action: object) => of('TestScript', { setup: { action: [action] } });
const test = (action: object) => of('TestScript', { test: [{ action: [action] }] });
const teardown = (operation: object) => of('TestScript', { teardown: { action: [{ operation }] } });
const operation = (rest: object = {}) => ({ operation: { encodeRequestUrl: true, ...rest } });
const assert = (rest: object = {}) => ({ assert: { warningOnly: false, ...rest } });
const variable = (rest: object) => of('TestScript', { variable: [{ name: 'x', ...rest }] });
const report = (action: object) => of('TestReport', { setup: { action: [action] } });
const reported = (action: object) => of('TestReport', { test: [{ action: [action] }] });
const pass = { result: 'pass' };
const done = { operation: pass };
const both = { operation: pass, assert: pass };
const compared = { compareToSourceId: 'x', compareToSourcePath: 'y' };
const two = { response: 'okay', resource: 'Patient' };
const asked = { direction: 'request', response: 'okay' };

const inSetup = 'TestScript.setup.action[0]';
const inTest = 'TestScript.test[0].action[0]';

export const testScripts: readonly Row[] = [
  ['inv-1', 'TestReport.setup.action[0]', report(done), report(both)],
  ['inv-2', 'TestReport.test[0].action[0]', reported(done), reported(both)],
  ['tst-1', inSetup, setup(operation({ sourceId: 'x' })), setup({ ...operation({ sourceId: 'x' }), ...assert() })],
  ['tst-2', inTest, test(assert()), test({ ...operation({ sourceId: 'x' }), ...assert() })],
  ['tst-3', 'TestScript.variable[0]', variable({ path: 'x' }), variable({ path: 'x', headerField: 'y' })],
  ['tst-5', `${inSetup}.assert`, setup(assert({ response: 'okay' })), setup(assert(two))],
  ['tst-6', `${inTest}.assert`, test(assert({ response: 'okay' })), test(assert(two))],
  ['tst-7', `${inSetup}.operation`, setup(operation({ url: 'x' })), setup(operation({ url: 'x', params: 'y' }))],
  ['tst-8', `${inTest}.operation`, test(operation({ type: { code: 'search' } })), test(operation())],
  [
    'tst-9',
    'TestScript.teardown.action[0].operation',
    teardown(operation({ sourceId: 'x' }).operation),
    teardown(operation().operation),
  ],
  ['tst-10', `${inSetup}.assert`, setup(assert(compared)), setup(assert({ compareToSourceId: 'x' }))],
  ['tst-11', `${inTest}.assert`, test(assert(compared)), test(assert({ compareToSourcePath: 'y' }))],
  ['tst-12', `${inSetup}.assert`, setup(assert({ ...asked, direction: 'response' })), setup(assert(asked))],
  ['tst-13', `${inTest}.assert`, test(assert({ ...asked, direction: undefined })), test(assert(asked))],
];
