/** What the README and docs/policy.md show of psql is what psql shows, with the files that they give. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pino from 'pino';
import { startServer } from '../../../src/cli/server.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { type PostgresServer, startPostgres } from '../../../src/demo/postgres-server.ts';
import { createShop } from '../../../src/demo/shop.ts';
import { startProcess } from '../../support/process.ts';
import { startSluice } from '../../support/sluice.ts';

let postgres: PostgresServer;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
});

after(async () => {
  await postgres?.stop();
});

function page(name: string): string {
  return readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
}

function yamlExamples(text: string): readonly string[] {
  return [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml = '']) => yaml);
}

interface Shown {
  readonly sql: string;
  readonly output: string;
}

/** What stands behind each `shop=>`. */
function sessionsIn(text: string): readonly Shown[] {
  return [...text.matchAll(/^shop=> (.+)\n([\s\S]*?)(?=^shop=> |^```)/gm)].map(
    ([, sql = '', output = '']) => ({
      sql,
      output: output.trim(),
    }),
  );
}

async function psql(port: number, password: string, sql: string): Promise<string> {
  const args = ['-X', '-h', '127.0.0.1', '-p', String(port), '-U', 'agent', 'shop', '-c', sql];
  const process = startProcess('psql', args, { env: { PGPASSWORD: password, LC_ALL: 'C.UTF-8' } });
  await process.ended;
  return `${process.errors()}${process.output()}`.replace(/^\(\d+ rows?\)\n/m, '').trim();
}

test('the README leads to a session with psql, which shows what it says', async (context) => {
  const readme = page('README.md');
  const [config = '', policy = ''] = yamlExamples(readme);
  const upstream = /"postgres:[^"]*@127\.0\.0\.1:5432\/shop"/;
  assert.match(config, upstream);
  const directory = mkdtempSync(join(tmpdir(), 'sluice-readme-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(
    join(directory, 'sluice.yaml'),
    config.replace(upstream, JSON.stringify(postgres.url('shop'))).replace('127.0.0.1:6432', '127.0.0.1:0'),
  );
  writeFileSync(join(directory, 'policy.yaml'), policy);
  const loaded = loadConfig(join(directory, 'sluice.yaml'), { AGENT_PASSWORD: 'agent-secret' });
  const server = await startServer(loaded, pino({ level: 'silent' }));
  context.after(() => server.stop());
  const port = server.ports.get('shop') ?? 0;
  const sessions = sessionsIn(readme);
  assert.ok(sessions.length >= 5);
  for (const { sql, output } of sessions) assert.equal(await psql(port, 'agent-secret', sql), output, sql);
});

test('docs/policy.md shows what its masks do', async (context) => {
  const text = page('docs/policy.md');
  const masks =
    yamlExamples(text).find((yaml) => yaml.includes('\nmasks:') && yaml.includes('detect:')) ?? '';
  const sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy: masks,
    users: '[{ name: agent, groups: [agents] }, { name: auditor, groups: [compliance] }]',
    config: 'masking: { keys: { customers: 0123456789abcdef0123456789abcdef } }',
  });
  context.after(() => sluice.stop());
  const sessions = sessionsIn(text);
  assert.ok(sessions.length >= 2);
  for (const { sql, output } of sessions) assert.equal(await psql(sluice.port, '', sql), output, sql);
});
