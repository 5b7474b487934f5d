import { of, type Row } from './resources.ts';

const questionnaire = (...item: readonly object[]) => of('Questionnaire', { item });
const item = (type: string, rest: object = {}) => questionnaire({ linkId: '1', type, ...rest });
const answers = { answerOption: [{ valueInteger: 1 }] };
const initial = (...values: readonly string[]) => ({ initial: values.map((valueString) => ({ valueString })) });
const enable = (rest: object = {}) => ({ question: '1', operator: '=', answerBoolean: true, ...rest });
const at = 'Questionnaire.item[0]';

export const questionnaires: readonly Row[] = [
  ['que-1', at, item('group', { item: [{ linkId: '2', type: 'string' }] }), item('group')],
  [
    'que-1',
    at,
    item('string', { item: [{ linkId: '2', type: 'string' }] }),
    item('display', { item: [{ linkId: '2', type: 'string' }] }),
  ],
  [
    'que-2',
    'Questionnaire',
    questionnaire({ linkId: '1', type: 'group', item: [{ linkId: '2', type: 'string' }] }),
    questionnaire({ linkId: '1', type: 'group', item: [{ linkId: '1', type: 'string' }] }),
  ],
  [
    'que-2',
    'Questionnaire',
    of('Questionnaire', {
      item: [{ linkId: '1', type: 'choice', answerValueSet: '#q' }],
      contained: [{ ...questionnaire({ linkId: '1', type: 'string' }), id: 'q' }],
    }),
    questionnaire(
      { linkId: '1', type: 'string', item: [{ linkId: '2', type: 'string', item: [{ linkId: '3', type: 'string' }] }] },
      { linkId: '3', type: 'string' },
    ),
  ],
  ['que-3', at, item('string', { code: [{ code: 'x' }] }), item('display', { code: [{ code: 'x' }] })],
  ['que-4', at, item('choice', answers), item('choice', { ...answers, answerValueSet: 'http://x.example/v' })],
  ['que-5', at, item('integer', answers), item('boolean', answers)],
  ['que-6', at, item('string', { required: true }), item('display', { required: true })],
  [
    'que-7',
    `${at}.enableWhen[0]`,
    item('string', { enableWhen: [enable({ operator: 'exists' })] }),
    item('string', { enableWhen: [enable({ operator: 'exists', answerBoolean: undefined, answerString: 'x' })] }),
  ],
  ['que-8', at, item('string', initial('x')), questionnaire({ linkId: '1', type: 'display', ...initial('x') })],
  ['que-9', at, item('string', { readOnly: true }), item('display', { readOnly: true })],
  ['que-10', at, item('string', { maxLength: 1 }), item('date', { maxLength: 1 })],
  ['que-11', at, item('integer', answers), item('integer', { ...answers, initial: [{ valueInteger: 1 }] })],
  [
    'que-12',
    at,
    item('string', { enableWhen: [enable(), enable()], enableBehavior: 'any' }),
    item('string', { enableWhen: [enable(), enable()] }),
  ],
  ['que-13', at, item('string', { ...initial('x', 'y'), repeats: true }), item('string', initial('x', 'y'))],
  [
    'qrs-1',
    'QuestionnaireResponse.item[0]',
    of('QuestionnaireResponse', { item: [{ linkId: '1', answer: [{ valueString: 'x', item: [{ linkId: '2' }] }] }] }),
    of('QuestionnaireResponse', { item: [{ linkId: '1', answer: [{ valueString: 'x' }], item: [{ linkId: '2' }] }] }),
  ],
];
