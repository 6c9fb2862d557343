/** What stands between the bench's client and its MCP server: nothing, haproxy and Node as plain reverse proxies, Sluice. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../src/demo/private-server.ts';
import { type Child, startChild } from '../child.ts';
import type { Bench } from '../scenario.ts';
import { MASKS, RULES } from './policy.ts';

export type Shape = 'json' | 'sse';
export const SHAPES: readonly Shape[] = ['json', 'sse'];

export interface McpTarget {
  readonly name: 'direct' | 'haproxy' | 'bare-node' | 'sluice' | 'sluice-masks';
  /** Null for the server itself. */
  readonly pid: number | null;
  readonly urls: Readonly<Record<Shape, string>>;
}

export interface McpStage {
  readonly targets: readonly McpTarget[];
  stop(): Promise<void>;
}

export async function startMcpStage(bench: Bench): Promise<McpStage> {
  const children: Child[] = [];
  const keep = (child: Child) => {
    children.push(child);
    return child;
  };
  const server = keep(await startServer(bench));
  const haproxy = keep(await startHaproxy(bench, server.port));
  const bare = keep(await startBareProxy(bench, server.port));
  const plain = await startSluice(bench, server.port, 'sluice', RULES);
  keep(plain.child);
  const masks = await startSluice(bench, server.port, 'sluice-masks', `${RULES}${MASKS}`);
  keep(masks.child);
  const paths = (port: number) => ({
    json: `http://127.0.0.1:${port}/json`,
    sse: `http://127.0.0.1:${port}/sse`,
  });
  return {
    targets: [
      { name: 'direct', pid: null, urls: paths(server.port) },
      { name: 'haproxy', pid: haproxy.pid, urls: paths(haproxy.port) },
      { name: 'bare-node', pid: bare.pid, urls: paths(bare.port) },
      { name: 'sluice', pid: plain.child.pid, urls: plain.urls },
      { name: 'sluice-masks', pid: masks.child.pid, urls: masks.urls },
    ],
    async stop() {
      for (const child of children.toReversed()) await child.stop();
    },
  };
}

async function startServer({ directory }: Bench): Promise<Child> {
  const port = await freePort();
  return startChild({
    name: 'the MCP server',
    command: process.execPath,
    args: [join(import.meta.dirname, 'server.ts'), String(port)],
    port,
    log: join(directory, 'mcp-server.log'),
    core: null,
  });
}

async function startBareProxy({ directory, proxyCore }: Bench, server: number): Promise<Child> {
  const port = await freePort();
  return startChild({
    name: 'the bare proxy',
    command: process.execPath,
    args: [join(import.meta.dirname, 'bare-proxy.ts'), String(port), String(server)],
    port,
    log: join(directory, 'bare-proxy.log'),
    core: proxyCore,
  });
}

async function startHaproxy({ directory, peers, proxyCore }: Bench, server: number): Promise<Child> {
  const port = await freePort();
  const file = join(directory, `haproxy-${port}.cfg`);
  const lines = [
    'global',
    '  nbthread 1',
    'defaults',
    '  mode http',
    '  http-reuse always',
    '  timeout connect 10s',
    '  timeout client 1h',
    '  timeout server 1h',
    'listen bench',
    `  bind 127.0.0.1:${port}`,
    `  server mcp 127.0.0.1:${server}`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return startChild({
    name: 'haproxy',
    command: peers.haproxy,
    args: ['-db', '-f', file],
    environment: peers.environment,
    port,
    log: join(directory, `haproxy-${port}.log`),
    core: proxyCore,
  });
}

async function startSluice(
  { directory, program, proxyCore }: Bench,
  server: number,
  name: string,
  policy: string,
): Promise<{ readonly child: Child; readonly urls: McpTarget['urls'] }> {
  const ports = { json: await freePort(), sse: await freePort() };
  const folder = join(directory, `${name}-${ports.json}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'policy.yaml'), policy);
  const lines = [
    'listeners:',
    ...SHAPES.map(
      (shape) =>
        `  - { name: ${shape}, protocol: mcp, listen: "127.0.0.1:${ports[shape]}", upstream: "http://127.0.0.1:${server}/${shape}", auth: [trust] }`,
    ),
    'identity: { users: [ { name: anonymous, groups: [agents] } ] }',
    'policy: policy.yaml',
    'journal: { dir: ./journal }',
    'drain: 1s',
    'log: { level: warn }',
  ];
  const config = join(folder, 'sluice.yaml');
  writeFileSync(config, `${lines.join('\n')}\n`);
  const child = await startChild({
    name,
    command: process.execPath,
    args: [...program.flags, program.main, 'run', '--config', config],
    port: ports.sse,
    log: join(folder, 'log'),
    core: proxyCore,
  });
  const urls = { json: `http://127.0.0.1:${ports.json}/mcp`, sse: `http://127.0.0.1:${ports.sse}/mcp` };
  return { child, urls };
}
