import { Failure } from '#errors';
import type { Plan } from '#search/model/filter.ts';
import type { Page, Store, Version } from './store.ts';

/** The pages of what a plan finds, each asked for when the one before has been taken. A failure is the last of them. */
export async function* pages<Answer extends Page | Failure>(
  find: (plan: Plan) => Promise<Answer>,
  plan: Plan,
): AsyncGenerator<Answer, void, undefined> {
  for (let asked: Plan | undefined = plan; asked !== undefined; ) {
    const answer: Answer = await find(asked);
    yield answer;
    const next = answer instanceof Failure ? undefined : answer.next;
    asked = next === undefined ? undefined : { ...plan, after: next };
  }
}

/** Everything that a plan finds, a page at a time. */
export async function* findAll(store: Pick<Store, 'find'>, plan: Plan): AsyncGenerator<Version, void, undefined> {
  for await (const { found } of pages((asked) => store.find(asked), plan)) yield* found;
}
