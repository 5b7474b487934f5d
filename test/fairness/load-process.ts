/**
 * The clients of a load, in a process of their own: takes the server's origin, the share of the load and the names of loads, which come all
 * at once, and prints how the requests were answered, as one line of JSON.
 */
import { clientsOf, type Tally } from './clients.ts';
import { loads } from './loads.ts';

/** How the requests of loads were answered. */
export interface Answered {
  readonly tally: Tally;
  /** Answers that may not be given. */
  readonly refused: readonly string[];
}

const [origin = '', share = '1', ...names] = process.argv.slice(2);
const clients = clientsOf(origin);
const chosen = names.map((name) => {
  const load = loads.find((one) => one.name === name);
  if (load === undefined) throw new Error(`there is no load ${name}`);
  return load;
});
await Promise.all(chosen.map(({ run }) => run(clients, Number(share))));
clients.close();
const answered: Answered = { tally: clients.tally, refused: [...clients.refused] };
process.stdout.write(`${JSON.stringify(answered)}\n`);
