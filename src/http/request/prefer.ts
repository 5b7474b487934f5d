/** R4 http.html#ops: what a client prefers. RFC 7240 lets a server pass over what it does not know. */
export interface Prefer {
  readonly return?: 'minimal' | 'representation' | 'OperationOutcome';
  readonly handling?: 'strict' | 'lenient';
  readonly async?: boolean;
}

const returns = { minimal: 'minimal', representation: 'representation', operationoutcome: 'OperationOutcome' } as const;

/** Reads the header Prefer, which may stand several times; the first of each preference counts. */
export function readPrefer(header: string | readonly string[]): Prefer {
  const parts = (typeof header === 'string' ? header : header.join(',')).split(/[,;]/);
  const given = new Map<string, string>();
  for (const part of parts) {
    const [name = '', value = ''] = part.split('=', 2).map((text) => text.trim().replaceAll('"', '').toLowerCase());
    if (!given.has(name)) given.set(name, value);
  }
  const asked = returns[given.get('return') as keyof typeof returns];
  const handling = given.get('handling');
  return {
    ...(asked !== undefined && { return: asked }),
    ...((handling === 'strict' || handling === 'lenient') && { handling }),
    ...(given.has('respond-async') && { async: true }),
  };
}
