import t from 'tap';
import { compile, compileTyped } from '#fhir/fhirpath/fhirpath.ts';
import { children, elementAt, elementNames, isSubtype, typeName } from '#fhir/model/model.ts';

t.test('an expression gives values, and their types', async (t) => {
  const resource = { resourceType: 'Observation', valueQuantity: { value: 1 }, effectiveDateTime: '2025-03' };
  t.strictSame(compile('Observation.effective')(resource), ['2025-03']);
  t.strictSame(compileTyped('Observation.value | Observation.effective')(resource), [
    { value: { value: 1 }, type: 'Quantity' },
    { value: '2025-03', type: 'dateTime' },
  ]);
  t.strictSame(compileTyped('Observation.value.exists()')(resource), [{ value: true, type: 'boolean' }]);
  t.throws(() => compile('Observation..value'));
});

t.test('the model declares the children of a path', async (t) => {
  t.strictSame(
    [...(children('Observation', 'subject') ?? [])],
    [['subject', { type: 'Reference', path: 'Reference', targets: ['Patient', 'Group', 'Device', 'Location'] }]],
  );
  t.strictSame(
    [...(children('Composition.relatesTo', 'target') ?? [])].map(([key, e]) => [key, e.type]),
    [
      ['targetIdentifier', 'Identifier'],
      ['targetReference', 'Reference'],
    ],
  );
  t.equal(children('Observation', 'component')?.get('component')?.path, 'Observation.component');
  t.equal(children('Questionnaire.item', 'item')?.get('item')?.path, 'Questionnaire.item', 'declared elsewhere');
  t.equal(children('Age', 'value')?.get('value')?.type, 'decimal', 'inherited');
  t.equal(children('Observation', 'nothing'), undefined);
});

t.test('the element under a JSON key, asked once or again', async (t) => {
  for (let i = 0; i < 2; i++) {
    t.equal(elementAt('Extension', 'valueUri')?.type, 'uri', 'a choice by its key');
    t.equal(elementAt('Bundle.entry', 'link')?.path, 'Bundle.link', 'declared elsewhere');
    for (const key of ['value', 'nothing', 'constructor', '__proto__']) t.equal(elementAt('Extension', key), undefined);
  }
  t.equal(elementAt('constructor', 'name'), undefined);
  t.strictSame(elementNames('Bundle.entry.search').toSorted(), [
    'extension',
    'id',
    'mode',
    'modifierExtension',
    'score',
  ]);
  t.equal(elementNames('Age').includes('value'), true, 'inherited');
});

t.test('types derive from others', async (t) => {
  t.ok(isSubtype('Age', 'Quantity'));
  t.ok(isSubtype('canonical', 'uri'));
  t.ok(isSubtype('Patient', 'Resource'));
  t.notOk(isSubtype('uri', 'canonical'));
  t.equal(typeName('DateTime'), 'dateTime');
  t.equal(typeName('Quantity'), 'Quantity');
});
