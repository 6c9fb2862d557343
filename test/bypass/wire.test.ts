/** Attacks by messages rather than by words: names in two languages, pipelines, portals, limits, start-up, cancels. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  bind,
  cancelRequest,
  close,
  copyData,
  copyDone,
  describe,
  execute,
  flush,
  frame,
  parse,
  query,
  request,
  SSL_REQUEST,
  startup,
  sync,
} from '../support/frontend.ts';
import { errorAmong, rowsOf, tagsOf, WireClient, type WireMessage } from '../support/wire-client.ts';
import { Arena, notGoingOn, toldSecret } from './arena.ts';

let arena: Arena;
before(async () => {
  arena = await Arena.open(18);
});
after(() => arena?.close());

async function connect(
  policy: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<WireClient> {
  return WireClient.connect((await arena.sluice(policy)).port, parameters);
}

const NOTHING = Buffer.alloc(0);

/** Nothing told, nothing changed, and the session goes on. */
async function unharmed(client: WireClient, answers: readonly WireMessage[]): Promise<void> {
  assert.equal(toldSecret(answers, 'CANARY', NOTHING), null);
  assert.deepEqual(await notGoingOn(client), []);
  client.end();
  assert.deepEqual(await arena.changes(), []);
}

function deniedBy(answers: readonly WireMessage[], rule: string): void {
  const error = errorAmong(answers);
  assert.equal(error?.['C'], '42501');
  assert.match(error?.['M'] ?? '', new RegExp(`^denied by rule "${rule}"`));
}

const SECRET = 'SELECT value FROM shop.secrets';

test('[29] a rejected Parse does not leave another statement to run in its name', async () => {
  const client = await connect('tables');
  const first = await client.ask(parse('', 'SELECT 1'), sync());
  const second = await client.ask(parse('', SECRET), bind('', ''), execute(), sync());
  deniedBy(second, 'no-secrets');
  // On the server as it is, a Parse that fails has done away with the unnamed statement before it.
  const third = await client.ask(bind('', ''), execute(), sync());
  assert.equal(rowsOf(third).length, 0);
  assert.equal(errorAmong(third)?.['C'], '26000');
  await unharmed(client, [...first, ...second, ...third]);
});

test('[29] a named statement that is refused is not there, and one that is there stays as it was', async () => {
  const client = await connect('tables');
  await client.ask(parse('s', 'SELECT 1'), sync());
  const again = await client.ask(parse('s', SECRET), sync());
  deniedBy(again, 'no-secrets');
  const bound = await client.ask(bind('', 's'), execute(), sync());
  assert.deepEqual(rowsOf(bound), [['1']]);
  const missing = await client.ask(parse('t', SECRET), sync(), bind('', 't'), execute(), sync());
  const rest = await client.until('Z');
  assert.equal(errorAmong(rest)?.['C'], '26000');
  await unharmed(client, [...again, ...bound, ...missing, ...rest]);
});

test('[28] names of one language used in the other', async () => {
  const client = await connect('tables');
  const answers: WireMessage[] = [];
  for (const sent of [
    [query('PREPARE p AS SELECT value FROM shop.secrets')],
    [bind('', 'p'), execute(), sync()],
    [parse('q', SECRET), sync()],
    [query('EXECUTE q')],
    [query('BEGIN')],
    [query(`DECLARE c CURSOR FOR ${SECRET}`)],
    [execute('c', 0), sync()],
    [query('ROLLBACK')],
    [query('BEGIN')],
    [parse('', SECRET), bind('portal', ''), sync()],
    [query('FETCH ALL FROM portal')],
    [query('ROLLBACK')],
    [parse('', 'EXECUTE q'), bind('', ''), execute(), sync()],
    [describe('S', 'q'), sync()],
    [describe('P', 'portal'), sync()],
    [close('S', 'q'), close('P', 'portal'), sync()],
    [bind('', 'q'), execute(), sync()],
  ])
    answers.push(...(await client.ask(...sent)));
  await unharmed(client, answers);
});

test('[30] SET search_path between Parse and Execute, and between Bind and Execute', async () => {
  const client = await connect('tables');
  await client.ask(query('CREATE TEMP TABLE secrets (value text)'));
  const prepared = await client.ask(parse('s', 'SELECT value FROM secrets'), sync());
  assert.equal(errorAmong(prepared), null);
  const answers = [
    ...(await client.ask(query('DROP TABLE secrets'))),
    ...(await client.ask(query('SET search_path = shop'))),
    ...(await client.ask(bind('', 's'), execute(), sync())),
    ...(await client.ask(query('EXECUTE s'))),
    ...(await client.ask(
      parse('', "SELECT set_config('search_path', 'shop', false)"),
      bind('', ''),
      execute(),
      parse('', 'SELECT value FROM secrets'),
      bind('', ''),
      execute(),
      sync(),
    )),
    ...(await client.ask(
      parse('', 'RESET search_path'),
      bind('', ''),
      execute(),
      parse('', 'SET LOCAL search_path = shop'),
      bind('', ''),
      execute(),
      parse('', 'TABLE secrets'),
      bind('', ''),
      execute(),
      sync(),
    )),
  ];
  await unharmed(client, answers);
});

test('[29] a denial in the middle of a pipeline fails what is behind it, up to Sync, and undoes what was before it', async () => {
  const client = await connect('tables');
  const answers = await client.ask(
    parse('', "INSERT INTO shop.outbox VALUES (1, 'x')"),
    bind('', ''),
    execute(),
    parse('', SECRET),
    bind('', ''),
    execute(),
    parse('', "INSERT INTO shop.outbox VALUES (2, 'x')"),
    bind('', ''),
    execute(),
    sync(),
  );
  deniedBy(answers, 'no-secrets');
  assert.equal(answers.filter(({ tag }) => tag === 'E').length, 1);
  assert.equal(answers.at(-1)?.body.toString(), 'I');
  await unharmed(client, answers);
});

test('[28] a Query amid a pipeline, Flush in place of Sync, and both after a denial', async () => {
  const client = await connect('tables');
  client.send(parse('', 'SELECT 1'), bind('', ''), execute(), flush());
  const answers = await client.until('C');
  answers.push(...(await client.ask(query(SECRET))));
  client.send(parse('', SECRET), flush());
  const denied = await client.until('E');
  deniedBy(denied, 'no-secrets');
  // The server ignores everything up to Sync, a Query too.
  client.send(query('SELECT 2'), bind('', ''), execute(), flush(), sync());
  answers.push(...denied, ...(await client.until('Z')));
  assert.equal(rowsOf(answers).flat().includes('2'), false);
  await unharmed(client, answers);
});

test('[31] few rows at a time are counted together', async () => {
  const client = await connect('limits');
  const first = await client.ask(query('BEGIN'));
  const answers = [...first];
  answers.push(
    ...(await client.ask(parse('', 'SELECT id FROM shop.orders'), bind('p', ''), execute('p', 4), sync())),
  );
  answers.push(...(await client.ask(execute('p', 4), sync())));
  answers.push(...(await client.ask(execute('p', 4), sync())));
  answers.push(...(await client.ask(execute('p', 4), sync())));
  assert.ok(rowsOf(answers).length <= 10, `${rowsOf(answers).length} rows came`);
  assert.match(errorAmong(answers)?.['M'] ?? '', /few-rows/);
  await unharmed(client, answers);
});

for (const [title, statements] of [
  [
    'FETCH from a cursor',
    ['BEGIN', 'DECLARE c CURSOR FOR SELECT id FROM shop.orders', 'FETCH 6 FROM c', 'FETCH 6 FROM c'],
  ],
  [
    'FETCH from a cursor WITH HOLD, over transactions',
    ['DECLARE c CURSOR WITH HOLD FOR SELECT id FROM shop.orders', 'FETCH 6 FROM c', 'FETCH 6 FROM c'],
  ],
  [
    'FETCH back and again',
    [
      'DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT id FROM shop.orders',
      'FETCH 6 FROM c',
      'MOVE ABSOLUTE 0 FROM c',
      'FETCH 6 FROM c',
    ],
  ],
  ['COPY TO STDOUT', ['COPY (SELECT id FROM shop.orders) TO STDOUT']],
  ['COPY TO STDOUT, binary', ['COPY (SELECT id FROM shop.orders) TO STDOUT (FORMAT binary)']],
  ['EXECUTE', ['PREPARE p AS SELECT id FROM shop.orders', 'EXECUTE p']],
  [
    'RETURNING',
    [
      'UPDATE shop.outbox SET note = note RETURNING *',
      'INSERT INTO shop.inbox (note) SELECT id::text FROM shop.orders RETURNING id',
    ],
  ],
  ['one row with a table in it', ["SELECT string_agg(id::text, ',') FROM shop.orders"]],
  ['one wide value', ["SELECT repeat('x', 1000000)"]],
  ['a set of rows as an array', ['SELECT array_agg(o) FROM shop.orders o']],
] as const) {
  test(`[31] limits hold for ${title}`, async () => {
    const client = await connect('limits');
    const answers: WireMessage[] = [];
    for (const sql of statements) answers.push(...(await client.ask(query(sql))));
    const data = answers.filter(({ tag }) => tag === 'D' || tag === 'd');
    const rows = data.filter(({ tag }) => tag === 'D').length;
    const bytes = data.reduce((sum, { body }) => sum + body.length + 5, 0);
    assert.ok(
      rows <= 10 && bytes <= 4096 && data.length <= 11,
      `${rows} rows, ${data.length} pieces, ${bytes} bytes`,
    );
    assert.ok(errorAmong(answers)?.['M']?.includes('few-rows'), JSON.stringify(errorAmong(answers)));
    await unharmed(client, answers);
  });
}

test('[23] a bound that is a parameter is judged when it has a value', async () => {
  const client = await connect('bounds');
  const answers: WireMessage[] = [];
  const int8 = (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    return bytes;
  };
  await client.ask(parse('s', 'SELECT id FROM shop.orders LIMIT $1'), sync());
  for (const [value, binary, passes] of [
    ['5', false, true],
    ['5000', false, false],
    [null, false, false],
    [' 5', false, true],
    ['05000', false, false],
    ['+5000', false, false],
    ['5e3', false, false],
    ['0x1388', false, false],
    ['5_000', false, false],
    [int8(5n), true, true],
    [int8(5000n), true, false],
    [int8(-1n), true, false],
    [int8(2n ** 62n), true, false],
  ] as const) {
    const answer = await client.ask(bind('', 's', [value], { formats: [binary ? 1 : 0] }), execute(), sync());
    answers.push(...answer);
    if (passes) assert.equal(rowsOf(answer).length, 5, String(value));
    else deniedBy(answer, 'bounded');
  }
  await client.ask(parse('t', 'SELECT id FROM shop.orders LIMIT $1::int', [23]), sync());
  const four = Buffer.from([0, 0, 0x13, 0x88]);
  deniedBy(await client.ask(bind('', 't', [four], { formats: [1] }), execute(), sync()), 'bounded');
  await unharmed(client, answers);
});

test('[32] FunctionCall is refused, and the session goes on', async () => {
  const client = await connect('baseline');
  const oid = Buffer.from([0, 0, 0x0a, 0x66]);
  const answers = await client.ask(frame('F', oid, Buffer.from([0, 0, 0, 0, 0, 0])));
  assert.equal(tagsOf(answers), 'EZ');
  assert.equal(errorAmong(answers)?.['C']?.length, 5);
  await unharmed(client, answers);
});

for (const [title, parameters] of [
  ['replication', { replication: 'database' }],
  ['physical replication', { replication: 'true' }],
  ['replication in another spelling', { replication: 'YES' }],
  ['a role', { role: 'boss' }],
  ['a role in the options', { options: '-c role=boss' }],
  ['a role in long options', { options: '--role=boss' }],
  ['session_authorization', { options: '-csession_authorization=boss' }],
  ['strings that end elsewhere', { standard_conforming_strings: 'off' }],
  ['the same in the options', { options: '-c standard_conforming_strings=off' }],
  ['the same in another case', { options: '-c Standard_Conforming_Strings=off' }],
  ['the same behind a backslash', { options: '-c\\ x -c standard_conforming\\_strings=off' }],
  ['an encoding with quotes in its characters', { client_encoding: 'SJIS' }],
  ['the same in the options', { options: '-c client_encoding=GBK' }],
  ['libraries to load', { options: '-c session_preload_libraries=auto_explain' }],
  ['triggers turned off', { options: '-c session_replication_role=replica' }],
  ['switches of the server program', { options: '-O -P' }],
  ['a parameter of nobody', { made_up: 'x' }],
  ['another database', { database: 'postgres' }],
] as const) {
  test(`[25] start-up with ${title} is refused`, async () => {
    const client = await WireClient.dial((await arena.sluice('baseline')).port);
    client.send(startup({ user: 'agent', database: 'shop', ...parameters }));
    const answers = await client.toEnd();
    assert.ok(!answers.some(({ tag }) => tag === 'Z'), tagsOf(answers));
    assert.equal(answers.at(-1)?.tag, 'E');
    client.end();
  });
}

test('[25] a search path from start-up is the one that names are looked up in', async () => {
  for (const parameters of [
    { search_path: 'shop' },
    { options: '-c search_path=shop' },
    { options: '-csearch_path=shop,public' },
    { options: '--search-path=shop' },
    { options: '-c search_path=public -c search_path=shop' },
  ]) {
    const client = await connect('tables', parameters);
    const answers = await client.ask(query('SELECT value FROM secrets'));
    deniedBy(answers, 'no-secrets');
    const reset = await client.ask(query('SET search_path = public'));
    const back = await client.ask(query('RESET search_path'));
    const again = await client.ask(query('SELECT value FROM secrets'));
    deniedBy(again, 'no-secrets');
    await unharmed(client, [...answers, ...reset, ...back, ...again]);
  }
});

test('[25] a search path that belongs to the role or the database', async () => {
  await arena.direct.query("ALTER DATABASE shop SET search_path = 'shop'");
  try {
    const client = await connect('tables');
    const answers = await client.ask(query('SELECT value FROM secrets'));
    deniedBy(answers, 'no-secrets');
    await client.ask(query('SET search_path = public'));
    const discarded = await client.ask(query('DISCARD ALL'));
    const again = await client.ask(query('SELECT value FROM secrets'));
    deniedBy(again, 'no-secrets');
    client.end();
    assert.equal(toldSecret([...answers, ...discarded, ...again], 'CANARY', NOTHING), null);
  } finally {
    await arena.direct.query('ALTER DATABASE shop RESET search_path');
  }
  assert.deepEqual(await arena.changes(), []);
});

for (const [title, bytes] of [
  ['an unknown message', frame('z', Buffer.from('x'))],
  ['a password after the start', frame('p', Buffer.from('x\0'))],
  ['a message of the server', frame('Z', Buffer.from('I'))],
  ['SSLRequest in a session', SSL_REQUEST],
  ['a second start-up packet', startup({ user: 'agent', database: 'shop' })],
  ['a Query with bytes behind its end', frame('Q', Buffer.from('SELECT 1;\0DROP TABLE shop.orders\0'))],
  ['a Query without an end', frame('Q', Buffer.from('DROP TABLE shop.orders'))],
  ['a Parse with bytes behind its end', frame('P', Buffer.from('\0SELECT 1\0\0\0DROP TABLE shop.orders\0'))],
  ['a request for cancelling in a session', request(80877102, Buffer.alloc(8))],
] as const) {
  test(`[34] ${title} runs nothing`, async () => {
    const client = await connect('baseline');
    client.send(bytes, query('SELECT 1'));
    client.socket.end();
    const answers = await client.toEnd();
    assert.equal(rowsOf(answers.filter(({ tag }) => tag === 'D')).length, 0);
    assert.equal(toldSecret(answers, 'CANARY', NOTHING), null);
    client.end();
    assert.deepEqual(await arena.changes(), []);
  });
}

test('[34] COPY data outside of COPY is ignored', async () => {
  const client = await connect('tables');
  client.send(copyData('1\tx\n'), copyDone());
  await unharmed(client, await client.ask(query('SELECT 1')));
});

test('[24] COPY FROM STDIN into a denied table takes no data, also when it is sent ahead', async () => {
  const client = await connect('tables');
  client.send(query('COPY shop.secrets FROM STDIN'), copyData('a\tb\n'), copyDone());
  const answers = await client.until('Z');
  deniedBy(answers, 'no-secrets');
  await unharmed(client, answers);
});

test('[34] data of COPY that looks like messages is data', async () => {
  const client = await connect('tables');
  await client.ask(query('CREATE TEMP TABLE lines (line text)'));
  client.send(
    query('COPY lines FROM STDIN'),
    copyData(query(SECRET).toString('latin1').replaceAll('\0', '.')),
  );
  client.send(copyData('\n\\.\n'), copyDone());
  await unharmed(client, await client.until('Z'));
});

test('[37] a cancel request with a guessed key hits nobody', async () => {
  const { port } = await arena.sluice('baseline');
  const client = await connect('baseline');
  const key = client.greeting.find(({ tag }) => tag === 'K')?.body ?? Buffer.alloc(8);
  client.send(query('SELECT pg_sleep(0.3)'));
  const processId = key.readInt32BE(0);
  const serverPid = await arena.direct.query(
    "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'",
  );
  for (const guess of [processId, serverPid.rows[0]?.pid ?? 1, 1]) {
    const guesser = await WireClient.dial(port);
    guesser.send(cancelRequest(guess, Buffer.from([1, 2, 3, 4])));
    assert.deepEqual(await guesser.toEnd(), []);
    guesser.end();
  }
  assert.equal(tagsOf(await client.until('Z')), 'TDCZ');
  await unharmed(client, []);
});

test('[33] protocol options that nobody knows are declined, not passed on', async () => {
  const client = await connect('tables', { '_pq_.compression': 'on' });
  assert.ok(client.greeting.some(({ tag }) => tag === 'v'));
  await unharmed(client, await client.ask(query('SELECT 1')));
});

test('[30] a table that takes a denied name’s place is denied, and two sessions see one truth', async () => {
  const one = await connect('tables');
  const two = await connect('tables');
  await one.ask(query('CREATE VIEW public.open AS SELECT 1 AS value'));
  const prepared = await two.ask(parse('s', 'SELECT * FROM public.open'), sync());
  assert.equal(errorAmong(prepared), null);
  // Somebody with other rights changes what the view shows.
  await arena.direct.query(
    'DROP VIEW public.open; CREATE VIEW public.open AS SELECT value FROM shop.secrets',
  );
  await one.ask(query('CREATE TABLE public.nothing ()'));
  const bound = await two.ask(bind('', 's'), execute(), sync());
  const asked = await two.ask(query('SELECT * FROM public.open'));
  one.end();
  await unharmed(two, [...bound, ...asked]);
});
