import { once } from 'node:events';
import { loadConfig } from '#config';
import { Failure } from '#errors';
import { type Command, refused } from './command.ts';
import { withPort } from './ports.ts';

/** What the line begins with that tells where the server listens. */
export const greeting = 'Hufhir 沪FHIR: ';

/** `hufhir serve`: the server as the environment configures it, until SIGINT or SIGTERM, or the end of a demo that started it. */
export const serve: Command = async ({ environment, startServer, print }) => {
  const orphaned = parentGone();
  const settings = await withPort(environment);
  if (settings instanceof Failure) return refused(settings, print);
  const config = loadConfig(settings);
  if (config instanceof Failure) return refused(config, print);
  const running = await startServer(config);
  if (running instanceof Failure) return refused(running, print);
  const ended = new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    orphaned.then(resolve);
  });
  // Whoever reads this may end the server at once.
  print(`${greeting}${running.baseUrl}  控制台 console: ${running.address}/`);
  await ended;
  await running.stop();
  return 0;
};

/** Resolves when the process at the other end of the IPC channel ends, in whatever way; never if there is no channel. */
function parentGone(): Promise<unknown> {
  if (process.channel === undefined) return new Promise(() => undefined);
  const gone = once(process, 'disconnect');
  process.channel.unref();
  return gone;
}
