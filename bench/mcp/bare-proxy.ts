/**
 * The least that a reverse proxy of node:http and undici can be: it reads a request whole, sends it on and sends back
 * what comes, and looks at nothing. What Sluice costs beyond it is Sluice's; what it costs beyond haproxy is Node's.
 *
 *   node bench/mcp/bare-proxy.ts PORT SERVER_PORT
 */
import { createServer } from 'node:http';
import { Pool } from 'undici';

/** Fields of one connection (RFC 9110, 7.6.1), and those that Node writes itself. */
const OWN = new Set(['connection', 'keep-alive', 'host', 'content-length', 'transfer-encoding']);

const [port = 0, server = 0] = process.argv.slice(2).map(Number);
const pool = new Pool(`http://127.0.0.1:${server}`, { connections: null, pipelining: 1, bodyTimeout: 0 });

function passed(fields: readonly string[]): string[] {
  const kept: string[] = [];
  for (let n = 0; n + 1 < fields.length; n += 2) {
    const [name = '', value = ''] = fields.slice(n, n + 2);
    if (!OWN.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

createServer((request, response) => {
  const body: Buffer[] = [];
  request.on('data', (chunk: Buffer) => body.push(chunk));
  request.on('end', () => {
    const { method = 'GET', url: path = '/' } = request;
    const sent = body.length === 0 ? null : Buffer.concat(body);
    pool.dispatch(
      { method: method === 'POST' ? 'POST' : 'GET', path, headers: passed(request.rawHeaders), body: sent },
      {
        onRequestStart() {},
        onResponseStart(_controller, status, headers) {
          response.writeHead(
            status,
            passed(Object.entries(headers).flatMap(([name, value]) => [name, String(value)])),
          );
        },
        onResponseData(_controller, chunk) {
          response.write(chunk);
        },
        onResponseEnd() {
          response.end();
        },
        onResponseError(_controller, error) {
          console.error(error.message);
          response.destroy();
        },
      },
    );
  });
}).listen(port, '127.0.0.1');
