/**
 * What one tools/call costs Sluice's process, all of its threads: a small server behind it, the bench's client in front,
 * 16 calls at once. `node bench/micro/mcp.ts [json|sse] [--masks] [--seconds N] [MAIN.js ...]`; several programs take
 * turns, so that builds can be compared. `--serve PORT` is the server.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/demo/private-server.ts';
import { type Child, startChild } from '../child.ts';
import { BenchClient } from '../mcp/client.ts';
import { MASKS, RULES } from '../mcp/policy.ts';
import { cpuTime } from '../process-usage.ts';
import { flagsOf, sluiceProgram } from '../sluice-program.ts';

const CLIENTS = 16;
const ROUNDS = 3;
const SESSION = 'b3a1';
const JSON_TYPE = { 'content-type': 'application/json', 'mcp-session-id': SESSION };
const SSE_TYPE = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'mcp-session-id': SESSION,
};

/** Answers as an SDK's server does, and does as little as it can for it. */
function serve(port: number): void {
  const server = createServer((request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405, { 'content-length': 0 }).end();
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { id, method } = JSON.parse(body);
      if (id === undefined) {
        response.writeHead(202, { 'content-length': 0 }).end();
        return;
      }
      const text = JSON.stringify({ jsonrpc: '2.0', id, result: resultOf(method) });
      if (request.url === '/sse') response.writeHead(200, SSE_TYPE).end(`event: message\ndata: ${text}\n\n`);
      else response.writeHead(200, { ...JSON_TYPE, 'content-length': Buffer.byteLength(text) }).end(text);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(port, '127.0.0.1');
}

function resultOf(method: string): object {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'micro', version: '1' },
      };
    case 'tools/list':
      return { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] };
    default:
      return { content: [{ type: 'text', text: 'hello' }] };
  }
}

interface Target {
  readonly main: string;
  readonly child: Child;
  readonly client: BenchClient;
  readonly costsUs: number[];
  readonly ratesPerS: number[];
}

async function startTarget(folder: string, main: string): Promise<Target> {
  mkdirSync(folder);
  const port = await freePort();
  const policy = process.argv.includes('--masks') ? `${RULES}${MASKS}` : RULES;
  writeFileSync(join(folder, 'policy.yaml'), policy);
  const config = [
    `listeners: [ { name: mcp, protocol: mcp, listen: "127.0.0.1:${port}", upstream: "http://127.0.0.1:${server.port}/${shape}", auth: [trust] } ]`,
    'identity: { users: [ { name: anonymous, groups: [agents] } ] }',
    'policy: policy.yaml',
    'journal: { dir: ./journal }',
    'drain: 1s',
    'log: { level: warn }',
  ];
  writeFileSync(join(folder, 'sluice.yaml'), `${config.join('\n')}\n`);
  const child = await startChild({
    name: main,
    command: process.execPath,
    args: [...flagsOf(main), main, 'run', '--config', join(folder, 'sluice.yaml')],
    port,
    log: join(folder, 'log'),
    core: null,
  });
  const client = new BenchClient(`http://127.0.0.1:${port}/mcp`, CLIENTS);
  await client.open();
  return { main, child, client, costsUs: [], ratesPerS: [] };
}

/** µs of CPU per call, and calls per second. */
async function measure({ child, client }: Target): Promise<{ readonly us: number; readonly perS: number }> {
  const before = cpuTime(child.pid);
  const begunMs = performance.now();
  const endMs = begunMs + seconds * 1000;
  let calls = 0;
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (; performance.now() < endMs; calls++) await client.call('echo', { message: 'hello' });
    }),
  );
  const after = cpuTime(child.pid);
  const ms = after.userMs + after.systemMs - before.userMs - before.systemMs;
  return { us: (ms * 1000) / calls, perS: (calls * 1000) / (performance.now() - begunMs) };
}

function given(name: string): string | null {
  const at = process.argv.indexOf(name);
  return at < 0 ? null : (process.argv[at + 1] ?? null);
}

const serves = given('--serve');
if (serves !== null) {
  serve(Number(serves));
  await new Promise(() => {});
}
const shape = process.argv.includes('sse') ? 'sse' : 'json';
const seconds = Number(given('--seconds') ?? 2);
const directory = mkdtempSync(join(tmpdir(), 'sluice-micro-mcp-'));
const serverPort = await freePort();
const server = await startChild({
  name: 'the server',
  command: process.execPath,
  args: [import.meta.filename, '--serve', String(serverPort)],
  port: serverPort,
  log: join(directory, 'server.log'),
  core: null,
});
const mains = process.argv.slice(2).filter((argument) => argument.endsWith('.js'));
if (mains.length === 0) mains.push(sluiceProgram(false, console.log).main);
const targets: Target[] = [];
try {
  for (const main of mains) targets.push(await startTarget(join(directory, String(targets.length)), main));
  // What is compiled on the way is not what a call costs.
  for (const target of targets) await measure(target);
  for (let round = 0; round < ROUNDS; round++) {
    for (const target of targets) {
      const { us, perS } = await measure(target);
      target.costsUs.push(us);
      target.ratesPerS.push(perS);
    }
  }
  for (const { main, costsUs, ratesPerS } of targets)
    console.log(
      `${Math.min(...costsUs).toFixed(0)} µs of CPU per call (${costsUs.map((us) => us.toFixed(0)).join(', ')}), ${Math.max(...ratesPerS).toFixed(0)} calls/s  ${main}`,
    );
} finally {
  for (const { client, child } of targets) {
    client.close();
    await child.stop();
  }
  await server.stop();
  rmSync(directory, { recursive: true });
}
