import { Agent, request } from 'node:http';
import { startServer } from '/work/main/test/bench/server.ts';
const server = await startServer();
const { port } = new URL(server.origin);
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
function ask(method: string, path: string, body?: string, headers: Record<string,string> = {}): Promise<{status:number, headers:any, text:string}> {
  return new Promise((resolve, reject) => {
    const r = request({ agent, host: '127.0.0.1', port, method, path: '/fhir' + path, headers: { ...(body !== undefined && {'content-type': 'application/fhir+json', 'content-length': Buffer.byteLength(body)}), ...headers } }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (c) => { text += c; }).on('end', () => resolve({ status: res.statusCode!, headers: res.headers, text }));
    });
    r.on('error', reject);
    r.end(body);
  });
}
const mode = process.argv[2];
const total = Number(process.argv[3] ?? 2000);
console.log((await ask('PUT', '/Basic/r', JSON.stringify({ resourceType: 'Basic', id: 'r', code: { text: '0' } }))).status);
let acked = 0, asked = 0;
const t0 = performance.now();
async function writer(w: number) {
  let version: string | undefined;
  for (let n = 0; acked < total; n++) {
    if (version === undefined || mode === 'read') { version = (await ask('GET', '/Basic/r')).headers.etag.slice(3, -1); asked++; }
    const r = await ask('PUT', '/Basic/r', JSON.stringify({ resourceType: 'Basic', id: 'r', code: { text: `${w}-${n}` } }), { 'if-match': `W/"${version}"` });
    asked++;
    if (r.status === 200) { acked++; version = r.headers.etag.slice(3, -1); }
    else if (r.status === 412) version = mode === 'news' ? /at version (\d+)/.exec(r.text)![1] : undefined;
    else throw new Error(r.text);
  }
}
await Promise.all(Array.from({ length: 32 }, (_, w) => writer(w)));
const s = (performance.now() - t0) / 1000;
console.log(mode, acked, asked, s.toFixed(1), (acked / s).toFixed(0) + ' ack/s', (asked / s).toFixed(0) + ' req/s');
agent.destroy();
await server.stop();
