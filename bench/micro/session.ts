/**
 * What one query costs the Postgres session and its gate, without sockets: the client's chunk and the server's
 * answer are fed again and again. `node bench/micro/session.ts [simple|extended|prepared] [--records] [--budgets]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresSession } from '../../protocols/postgres/index.ts';
import { FrameWriter } from '../../src/bytes/index.ts';
import { stateDatabase } from '../../src/cli/state-store.ts';
import { sessionIdFrom } from '../../src/core/ids.ts';
import { Meter } from '../../src/core/meter.ts';
import { lastingIdentity } from '../../src/core/principal.ts';
import type { EnginePort } from '../../src/core/session.ts';
import { LiveCatalog } from '../../src/engine/live-catalog.ts';
import { PolicyHolder } from '../../src/engine/policy-holder.ts';
import { PostgresDescriber } from '../../src/engine/postgres-describer.ts';
import { ResultMasks } from '../../src/engine/result-masks.ts';
import type { SqlDomain } from '../../src/engine/sql-domain.ts';
import { SessionGate } from '../../src/engine/sql-gate.ts';
import { UpstreamPassword } from '../../src/identity/upstream-password.ts';
import { SigningKey } from '../../src/journal/keys.ts';
import { Journal } from '../../src/journal/writer.ts';
import { Budgets } from '../../src/limits/budgets.ts';
import { Rates } from '../../src/limits/rates.ts';
import { loadPolicy } from '../../src/policy/policy.ts';
import {
  Catalog,
  EMPTY_OBJECTS,
  PostgresDialect,
  ReadingSpaces,
  StatementReader,
} from '../../src/sql/index.ts';
import { sharedState } from '../../src/state/shared-state.ts';

const BUDGETS = `  - { name: hourly, then: { budget: { window: 1h, rows: 1000000000000, bytes: 1000GiB } } }
  - { name: pace, then: { rate: { statements: 1000000000000 } } }
`;
const POLICY = `default: allow
rules:
  - { name: no-destruction, when: { effects: [destroy] }, then: deny }
  - { name: bounded-selects, when: { unbounded: true }, then: deny }
  - { name: big-results, then: { limit: { rows: 100000 } } }
${process.argv.includes('--budgets') ? BUDGETS : ''}`;
const OBJECTS = {
  ...EMPTY_OBJECTS,
  relations: [
    {
      schema: 'public',
      name: 'pgbench_accounts',
      oid: 1,
      kind: 'table' as const,
      columns: ['aid', 'bid', 'abalance', 'filler'].map((name, n) => ({
        name,
        number: n + 1,
        type: 'integer',
        notNull: false,
        typeOid: 23,
        typeModifier: -1,
        madeFrom: [],
      })),
      definition: null,
      parents: [],
      uniqueKeys: [['aid']],
      rewritten: false,
      system: false,
    },
  ],
};

const reader = await StatementReader.load(17);
const catalog = new LiveCatalog({
  source: {
    read: async () => ({ fingerprint: '', make: (epoch: number) => new Catalog(17, OBJECTS, epoch) }),
    close: async () => {},
  },
  onNew: () => {},
  now: () => performance.now(),
  onError: () => {},
});
await catalog.refresh();
// Asked whether it works, and never written to: what a turn's write costs is not a query's.
const directory = mkdtempSync(join(tmpdir(), 'sluice-micro-'));
process.once('exit', () => rmSync(directory, { recursive: true }));
const journal = Journal.open({
  directory,
  key: SigningKey.loadOrCreate(join(directory, 'signing.key')),
  segmentBytesMax: 1 << 30,
  clock: () => Date.now(),
  onHealth: () => {},
});
const sink = { records: 0 };
const withJournal = process.argv.includes('--records');
const store = sharedState(stateDatabase({ kind: 'sqlite', file: null }, directory));
const budgets = new Budgets({
  ledger: store.ledger,
  instance: 'bench',
  now: () => performance.now(),
  watch: () => () => {},
});
const domain: SqlDomain = {
  catalog,
  dialect: new PostgresDialect({
    catalog,
    spaces: new ReadingSpaces(),
    reader: () => reader,
    loadReader: async () => {},
    parseLarge: async () => ({ outcome: 'failed' }),
  }),
  describer: new PostgresDescriber(catalog),
  upstream: '127.0.0.1:5432/shop',
  approvals: null,
  spendings: { budgets, rates: new Rates(() => performance.now()) },
  alerts: null,
  policy: new PolicyHolder(loadPolicy('policy', POLICY).policy),
  journal,
  masks: new ResultMasks(new Map(), null),
  meter: new Meter(),
  clock: () => Date.now(),
  responses: null,
  recordResponse: () => {},
  record: (_type, members) => {
    if (withJournal) sink.records += members.length;
  },
  recordResult: (result) => {
    if (withJournal) sink.records += result.length;
  },
};

let sent = 0;
const engine: EnginePort = {
  identity: {
    login: (name) => ({ plan: 'trust', identity: lastingIdentity({ name, groups: [] }, 'trust') }),
    mysqlLogin: (name) => ({ plan: 'trust', identity: lastingIdentity({ name, groups: [] }, 'trust') }),
    mysqlNonce: () => Buffer.alloc(20, 1),
  },
  downstream: {
    congested: false,
    send: (_bytes, start, end) => {
      sent += end - start;
    },
    pause() {},
    resume() {},
    startTls() {},
    end() {},
  },
  upstream: {
    turn: 1,
    connect() {},
    startTls() {},
    send() {},
    stage: (_bytes, start, end) => {
      sent += end - start;
    },
    pause() {},
    resume() {},
    cancel() {},
    end() {},
  },
  now: () => 0,
  authenticated: ({ principal }) => ({
    admission: 'admitted',
    gate: new SessionGate(
      domain,
      sessionIdFrom(new Uint8Array(14)),
      { principal, listener: 'bench', clientAddress: null },
      (step) => step(),
      () => session.wake(),
    ),
    account: {
      user: 'u',
      database: 'd',
      tls: 'disable',
      options: new Map(),
      credential: new UpstreamPassword('u', null),
    },
  }),
  upstreamReady() {},
  killSession: () => 'unknown',
  cancelKey: () => ({ processId: 1, secret: Buffer.alloc(4) }),
  cancelSession() {},
  hold: () => true,
  release() {},
  closed(error) {
    if (error !== null) throw error;
  },
};

function frames(write: (writer: FrameWriter) => void): Buffer {
  const writer = new FrameWriter();
  write(writer);
  return writer.take();
}

const session = new PostgresSession(engine, {
  tls: 'off',
  databases: ['d'],
  handshakeTimeoutMs: 1e9,
  statementTimeoutMs: 0,
  idleTimeoutMs: 0,
  messageBytesMax: 1 << 24,
  namesMax: 1000,
});
const down = (bytes: Buffer) => session.fromDownstream(bytes, 0, bytes.length);
const up = (bytes: Buffer) => session.fromUpstream(bytes, 0, bytes.length);
down(
  frames((w) =>
    w.begin(null).i32(196608).cstring('user').cstring('u').cstring('database').cstring('d').u8(0).end(),
  ),
);
session.upstreamConnected();
const ready = (w: FrameWriter) => w.begin(0x5a).u8(0x49).end();
const row = (w: FrameWriter, cell: string) =>
  w.begin(0x44).i16(1).i32(cell.length).raw(Buffer.from(cell)).end();
up(frames((w) => ready(w.begin(0x52).i32(0).end())));
up(
  frames((w) => {
    w.begin(0x44).i16(3);
    for (const cell of ['["pg_catalog","public"]', 'on', 'UTF8']) w.i32(cell.length).raw(Buffer.from(cell));
    ready(w.end().begin(0x43).cstring('SELECT 1').end());
  }),
);

const SQL = 'SELECT abalance FROM pgbench_accounts WHERE aid = ';
const description = (w: FrameWriter) =>
  w.begin(0x54).i16(1).cstring('abalance').i32(16399).i16(3).i32(23).i16(4).i32(-1).i16(0).end();
const bindExecuteSync = (w: FrameWriter, name: string) =>
  w
    .begin(0x42)
    .cstring('')
    .cstring(name)
    .i16(0)
    .i16(1)
    .i32(6)
    .raw(Buffer.from('123456'))
    .i16(0)
    .end()
    .begin(0x44)
    .u8(0x50)
    .cstring('')
    .end()
    .begin(0x45)
    .cstring('')
    .i32(0)
    .end()
    .begin(0x53)
    .end();
const bindAnswer = (w: FrameWriter) => {
  description(w.begin(0x32).end());
  row(w, '0');
  ready(w.begin(0x43).cstring('SELECT 1').end());
};

const MODES: Readonly<Record<string, { client: (n: number) => Buffer; server: Buffer }>> = {
  simple: {
    client: (n) => frames((w) => w.begin(0x51).cstring(`${SQL}${n};`).end()),
    server: frames((w) => {
      description(w);
      row(w, '0');
      ready(w.begin(0x43).cstring('SELECT 1').end());
    }),
  },
  extended: {
    client: () =>
      frames((w) => bindExecuteSync(w.begin(0x50).cstring('').cstring(`${SQL}$1;`).i16(0).end(), '')),
    server: frames((w) => bindAnswer(w.begin(0x31).end())),
  },
  prepared: { client: () => frames((w) => bindExecuteSync(w, 'P0_1')), server: frames(bindAnswer) },
};
down(frames((w) => w.begin(0x50).cstring('P0_1').cstring(`${SQL}$1;`).i16(0).end().begin(0x53).end()));
up(frames((w) => ready(w.begin(0x31).end())));

const wanted = process.argv.slice(2).filter((argument) => argument in MODES);
for (const mode of wanted.length > 0 ? wanted : Object.keys(MODES)) {
  const { client, server } = MODES[mode]!;
  const chunks = Array.from({ length: 1000 }, (_, n) => client(100_000 + n));
  let best = Number.POSITIVE_INFINITY;
  // The first one waits for its lease.
  down(chunks[0]!);
  while (session.activity.phase === 'held') await new Promise((resolve) => setTimeout(resolve, 10));
  up(server);
  for (let round = 0; round < 12; round++) {
    const begun = process.threadCpuUsage();
    for (let n = 0; n < 100_000; n++) {
      down(chunks[n % 1000]!);
      up(server);
      // Leases come between turns of the event loop, as they do in a proxy.
      if (n % 1000 === 999) await new Promise((resolve) => setImmediate(resolve));
    }
    // Of the processor: others may keep the machine busy.
    const { user, system } = process.threadCpuUsage(begun);
    best = Math.min(best, (user + system) / 100);
  }
  console.log(
    `${mode.padEnd(9)} ${best.toFixed(0)} ns per query (${sent > 0 ? 'bytes passed' : 'nothing passed'})`,
  );
}
process.exit(0);
