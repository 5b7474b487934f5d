import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { dial } from '../http/wire.ts';
import { startHufhir } from './hufhir.ts';

t.test('a server that a test started ends with the test, even if that is killed', async (t) => {
  const script = `${import.meta.dirname}/parent.ts`;
  const parent = spawn(process.execPath, [script, t.testdir()], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [base] = await once(createInterface(parent.stdout), 'line');
  const wire = dial(base);
  await once(wire.socket, 'connect');
  parent.kill('SIGKILL');
  t.equal(await wire.ended, '', 'the connection is cut');
  await t.rejects(fetch(`${base}/metadata`), 'and nobody listens');
});

t.test('what ends without saying what is waited for', async (t) => {
  const { ended, printed } = await startHufhir(['serve'], /console/, { settings: { HUFHIR_PORT: 'x' } });
  t.equal(await ended, 1);
  t.match(printed(), /HUFHIR_PORT is "x"/);
});
