import { Failure, type Outcome } from '#errors';
import type { Context } from './context.ts';

/** How often work is done anew because others changed the definitions meanwhile. */
const attempts = 10;

/**
 * Does work that rests on definitions. Where it fails, and the store has others by now, it may have failed by those that it was done with:
 * they are brought into force, and it is done again.
 */
export async function withCurrentDefinitions<T>(
  { definitions, parameters }: Pick<Context, 'definitions' | 'parameters'>,
  work: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  for (let attempt = 1; ; attempt++) {
    const { revision } = definitions;
    const done = await work();
    if (!(done instanceof Failure) || attempt === attempts) return done;
    await parameters.refresh();
    if (definitions.revision === revision) return done;
  }
}
