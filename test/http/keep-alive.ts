import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface KeepAlive {
  /** A body goes out as JSON, a string as it is. */
  readonly ask: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answered>;
  readonly close: () => void;
}

/** A client of so many connections at most, which it keeps: `fetch` takes several times as long. A server knows it by its address. */
export function keepAlive(base: string, maxSockets: number, localAddress = '127.0.0.1'): KeepAlive {
  const agent = new Agent({ keepAlive: true, maxSockets, localAddress });
  const ask: KeepAlive['ask'] = (method, path, body, more = {}) =>
    new Promise((resolve, reject) => {
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const sent = text === undefined ? {} : { 'content-type': 'application/fhir+json' };
      const asking = request(`${base}${path}`, { agent, method, headers: { ...sent, ...more } }, (response) => {
        const { statusCode: status = 0, headers } = response;
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status, headers, text }));
        response.on('error', reject);
      });
      asking.on('error', reject);
      asking.end(text);
    });
  return { ask, close: () => agent.destroy() };
}
