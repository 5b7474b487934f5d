import { once } from 'node:events';
import { operations } from '#operations/operations.ts';
import { type Context, operation } from '#operations/request/context.ts';

/**
 * What a server of these tests does with `$work`: it answers; it never ends but where it is aborted; it ends its process. It says on its
 * standard output what happens.
 */
export type Mode = 'answer' | 'hang' | 'die';

const work = (mode: Mode, say: (line: string) => void) =>
  operation({
    name: 'work',
    definition: 'http://example.org/OperationDefinition/work',
    levels: ['system'],
    affectsState: false,
    long: true,
    title: '工作 Work',
    documentation: 'Works.',
    parameters: [{ name: 'any', use: 'in', min: 0, max: 1, type: 'Resource', documentation: 'a resource' }],
    async handler(_context, _caller, { input, signal }) {
      say('begun');
      if (mode === 'die') process.kill(process.pid, 'SIGKILL');
      if (mode === 'hang' && signal !== undefined) {
        await once(signal, 'abort');
        say('aborted');
        throw signal.reason;
      }
      return { kind: 'made', status: 200, resource: input.any ?? { resourceType: 'Parameters' } };
    },
  });

/** The table of operations with `$work`. */
export function withWork(mode: Mode, say: (line: string) => void = () => undefined): Pick<Context, 'operations'> {
  return { operations: [...operations, work(mode, say)] };
}
