import { parentPort } from 'node:worker_threads';
import { Failure, type Issue } from '#errors';
import {
  type EvaluationRun,
  type Executable,
  type MeasureSource,
  type PatientResults,
  prepare,
  type ResidentInput,
} from './engine.ts';

/** What the thread is asked; `set` names the measures of an earlier `prepare`. */
export type Question =
  | { readonly kind: 'prepare'; readonly set: string; readonly measures: readonly MeasureSource[] }
  | {
      readonly kind: 'evaluate';
      readonly set: string;
      readonly run: EvaluationRun;
      readonly residents: readonly ResidentInput[];
    };

/** What it answers: a Failure loses its class on the way between threads, so its issues are sent. */
export type WorkerAnswer =
  | { readonly issues: readonly [Issue, ...Issue[]] }
  | { readonly defect: string }
  | { readonly types: readonly string[] }
  | { readonly memberships: readonly PatientResults[] };

const sets = new Map<string, Executable>();
/** Sets of measures kept ready; the one unused for longest is dropped. */
const maxSets = 8;

// The translator prints a greeting, and stdout belongs to the server's log. (Catching it with the Worker's option `stdout`
// would keep the process alive.)
process.stdout.write = () => true;

async function answer(question: Question): Promise<WorkerAnswer> {
  if (question.kind === 'evaluate') {
    const executable = sets.get(question.set);
    if (executable === undefined) return { defect: `the measures ${question.set} are not prepared` };
    keep(question.set, executable);
    const memberships = await executable.evaluate(question.run, question.residents);
    return memberships instanceof Failure ? { issues: memberships.issues } : { memberships };
  }
  const made = sets.get(question.set) ?? (await prepare(question.measures));
  if (made instanceof Failure) return { issues: made.issues };
  keep(question.set, made);
  return { types: made.types };
}

function keep(set: string, executable: Executable): void {
  sets.delete(set);
  sets.set(set, executable);
  for (const oldest of sets.keys()) if (sets.size > maxSets) sets.delete(oldest);
}

// One question at a time: an evaluation that is awaited holds the thread anyhow, and a set cannot vanish under it.
let turn: Promise<void> = Promise.resolve();
parentPort?.on('message', ({ id, question }: { id: number; question: Question }) => {
  turn = turn.then(async () => {
    const said = await answer(question).catch(
      (e: unknown): WorkerAnswer => ({ defect: e instanceof Error ? (e.stack ?? '') : String(e) }),
    );
    parentPort?.postMessage({ id, answer: said });
  });
});
