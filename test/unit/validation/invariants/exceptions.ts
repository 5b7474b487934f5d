/** The invariants of R4 that no resource can fail, each with the reason. */
export const never: Readonly<Record<string, string>> = {
  'cid-0': 'R4 gives ChargeItemDefinition no name',
  'dom-6': 'not checked: it would warn about every resource without a narrative',
  'evv-1': 'the six are types of one choice, of which two cannot stand together',
  'inv-0': 'of MetadataResource, which no resource is',
  'mqty-1': 'of MoneyQuantity, which is the type of no element of R4',
  'tst-4': 'a capability cannot lack required and validated, which are mandatory',
};

/** Those that fail only together with others. */
export const together: Readonly<Record<string, { readonly others: readonly string[]; readonly reason: string }>> = {
  'eld-19': { others: [], reason: 'alone among errors; eld-20, a warning, says the same more strictly' },
  'sdf-11': { others: ['sdf-8'], reason: 'sdf-8 says the same of every snapshot' },
  'sdf-14': { others: ['sdf-16', 'sdf-17'], reason: 'the ids of sdf-16 and sdf-17 must be there, too' },
  'sdf-16': { others: ['bad-element-value'], reason: 'no two elements of a resource have one id' },
  'sdf-17': { others: ['bad-element-value'], reason: 'as sdf-16' },
  'tst-6': { others: ['tst-5'], reason: 'R4 defines the element by that of a setup, with its invariants' },
  'tst-8': { others: ['tst-7'], reason: 'as tst-6' },
  'tst-9': { others: ['tst-7'], reason: 'as tst-6' },
  'tst-11': { others: ['tst-10'], reason: 'as tst-6' },
  'tst-13': { others: ['tst-12'], reason: 'as tst-6' },
};

/** Those that the walk tells in words of its own: what its issues begin with, or their code. */
export const ownWords: Readonly<Record<string, string>> = {
  'dom-2': 'dom-2',
  'dom-3': 'dom-3',
  'dom-4': 'dom-4',
  'dom-5': 'dom-5',
  'ele-1': 'wrong-shape',
  'ext-1': 'wrong-shape',
  'ref-1': 'ref-1',
  'txt-1': 'bad-element-value',
  'txt-2': 'bad-element-value',
};
