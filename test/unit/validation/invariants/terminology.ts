import { of, type Row } from './resources.ts';

const codes = (...concept: readonly object[]) => of('CodeSystem', { concept });
const target = (rest: object) =>
  of('ConceptMap', { group: [{ element: [{ code: 'x', target: [{ code: 'y', ...rest }] }] }] });
const unmapped = (rest: object) => of('ConceptMap', { group: [{ element: [{ code: 'x' }], unmapped: rest }] });
const include = (rest: object) => of('ValueSet', { compose: { include: [rest] } });
const exclude = (rest: object) => of('ValueSet', { compose: { include: [{ system: 'a:b' }], exclude: [rest] } });
const contains = (rest: object) => of('ValueSet', { expansion: { timestamp: '2025', contains: [rest] } });
const at = 'ValueSet.compose.include[0]';
const filter = [{ property: 'x', op: '=', value: 'y' }];
const concept = [{ code: 'x' }];
const naming = (kind: string, ...uniqueId: readonly object[]) => of('NamingSystem', { kind, uniqueId });
const uuid = { type: 'uuid', value: 'x' };
const uri = (value: string) => ({ type: 'uri', value, preferred: true });

export const terminology: readonly Row[] = [
  ['csd-1', 'CodeSystem', codes({ code: 'a' }, { code: 'b' }), codes({ code: 'a' }, { code: 'a' })],
  [
    'csd-1',
    'CodeSystem',
    of('CodeSystem', {
      valueSet: '#v',
      concept: [{ code: 'a', concept: [{ code: 'b' }] }],
      contained: [{ ...include({ system: 'a:b', concept: [{ code: 'a' }, { code: 'b' }] }), id: 'v' }],
    }),
    codes({ code: 'a', concept: [{ code: 'b', concept: [{ code: 'c' }] }] }, { code: 'c' }),
  ],
  [
    'cmd-1',
    'ConceptMap.group[0].element[0].target[0]',
    target({ equivalence: 'narrower', comment: 'x' }),
    target({ equivalence: 'inexact' }),
  ],
  [
    'cmd-2',
    'ConceptMap.group[0].unmapped',
    unmapped({ mode: 'fixed', code: 'x' }),
    unmapped({ mode: 'fixed', display: 'x' }),
  ],
  [
    'cmd-3',
    'ConceptMap.group[0].unmapped',
    unmapped({ mode: 'other-map', url: 'http://x.example/m' }),
    unmapped({ mode: 'other-map' }),
  ],
  ['nsd-1', 'NamingSystem', naming('codesystem', uuid), naming('root', uuid)],
  ['nsd-2', 'NamingSystem', naming('root', uri('a:b')), naming('root', uri('a:b'), uri('a:c'))],
  ['vsd-1', at, include({ valueSet: ['http://x.example/v'] }), include({ version: '1' })],
  ['vsd-1', 'ValueSet.compose.exclude[0]', exclude({ system: 'a:b' }), exclude({ version: '1' })],
  ['vsd-2', at, include({ system: 'a:b', concept }), include({ valueSet: ['http://x.example/v'], concept })],
  ['vsd-3', at, include({ system: 'a:b', filter }), include({ system: 'a:b', filter, concept })],
  [
    'vsd-6',
    'ValueSet.expansion.contains[0]',
    contains({ abstract: true, display: 'x' }),
    contains({ abstract: true, system: 'a:b' }),
  ],
  ['vsd-9', 'ValueSet.expansion.contains[0]', contains({ system: 'a:b', code: 'x' }), contains({ display: 'x' })],
  ['vsd-10', 'ValueSet.expansion.contains[0]', contains({ system: 'a:b', code: 'x' }), contains({ code: 'x' })],
];
