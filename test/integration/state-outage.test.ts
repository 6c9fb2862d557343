/** Stores that cannot be asked, or can be asked no more, or again. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { MIGRATIONS } from '../../src/state/migrations.ts';
import { type StateStore, StoreUnavailable } from '../../src/state/store.ts';
import { startRelay } from '../support/relay.ts';
import {
  asSuperuser,
  openStore,
  postgresGround,
  requestFor,
  sqliteGround,
  yes,
} from '../support/state-stores.ts';
import { until } from '../support/until.ts';

const KNOWN = MIGRATIONS.length;
const NEWER = new RegExp(
  `the store is of version ${KNOWN + 1}, made by a newer Sluice; this one knows versions up to ${KNOWN}`,
);

async function refusedWith(store: StateStore, pattern: RegExp): Promise<void> {
  await assert.rejects(store.sightings.first('x', 'y'), (error) => {
    assert.ok(error instanceof StoreUnavailable, String(error));
    assert.match(error.message, pattern);
    return true;
  });
}

function works(store: StateStore): Promise<boolean> {
  return store.now().then(
    () => true,
    () => false,
  );
}

describe('sqlite', () => {
  const ground = sqliteGround();
  const directory = mkdtempSync(join(tmpdir(), 'sluice-state-outage-'));
  after(async () => {
    await ground.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const fileOf = (url: string) => url.slice('sqlite:'.length);

  test('its files are for nobody else', async () => {
    const url = await ground.fresh();
    const before = process.umask(0);
    const store = openStore(url);
    await store.now();
    process.umask(before);
    for (const end of ['', '-wal', '-shm']) assert.equal(statSync(fileOf(url) + end).mode & 0o777, 0o600);
    await store.close();
  });

  test('a directory that is missing, and is made', async () => {
    const store = openStore(`sqlite:${directory}/missing/sluice.db`);
    await refusedWith(store, /missing\/sluice\.db cannot be used: there is no such directory/);
    mkdirSync(join(directory, 'missing'));
    assert.equal(await store.sightings.first('x', 'y'), true);
    await store.close();
  });

  test('a directory, a file of something else, and a damaged store', async () => {
    await refusedWith(openStore(`sqlite:${directory}`), /cannot be (opened|used)/);
    writeFileSync(join(directory, 'text'), 'this is a text and no database at all\n'.repeat(40));
    await refusedWith(openStore(`sqlite:${directory}/text`), /it is no SQLite database/);
    assert.match(readFileSync(join(directory, 'text'), 'utf8'), /^this is a text/);
  });

  // Only root can make a disk; the kernel's limit on the size of files works for everybody.
  const isRoot = process.getuid?.() === 0;

  test('a full disk: what it cannot take is refused, the rest goes on, and it heals', async () => {
    const disk = mkdtempSync(join(directory, 'disk-'));
    if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    const limit = (bytes: string) =>
      execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]);
    try {
      const store = openStore(`sqlite:${disk}/sluice.db`);
      const request = await store.approvals.create(await requestFor(store));
      if (!isRoot) limit(String(statSync(`${disk}/sluice.db-wal`).size + 20_000));
      const shown = 'x'.repeat(1_500_000);
      await assert.rejects(
        store.approvals.create(await requestFor(store, { shown })),
        (error) =>
          error instanceof StoreUnavailable && /the disk (is full|gives an error)/.test(error.message),
      );
      assert.equal((await store.approvals.get(request.id))?.state, 'pending');
      if (isRoot) execFileSync('mount', ['-o', 'remount,size=16m', disk]);
      else limit('unlimited');
      const after = await store.approvals.create(await requestFor(store, { shown }));
      assert.deepEqual((await store.approvals.get(after.id))?.shown, shown);
      assert.equal((await store.approvals.vote(request.id, yes('ann'))).outcome, 'counted');
      await store.close();
    } finally {
      if (isRoot) execFileSync('umount', ['-l', disk]);
      else limit('unlimited');
    }
  });

  test('a file that can only be read: what is asked for is told, what would be written is refused', async () => {
    const disk = mkdtempSync(join(directory, 'read-only-'));
    if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
    try {
      const first = openStore(`sqlite:${disk}/sluice.db`);
      await first.sightings.first('x', 'y');
      await first.close();
      if (isRoot) execFileSync('mount', ['-o', 'remount,ro', disk]);
      else for (const path of [`${disk}/sluice.db`, disk]) chmodSync(path, path === disk ? 0o500 : 0o400);
      const store = openStore(`sqlite:${disk}/sluice.db`);
      await refusedWith(store, /cannot be used: .*(read and not be written|cannot be opened)/);
      if (isRoot) execFileSync('mount', ['-o', 'remount,rw', disk]);
      else for (const path of [disk, `${disk}/sluice.db`]) chmodSync(path, path === disk ? 0o700 : 0o600);
      assert.equal(await store.sightings.first('x', 'y'), false);
      await store.close();
    } finally {
      if (isRoot) execFileSync('umount', ['-l', disk]);
    }
  });

  test('another process that holds it is waited for, and at last told of', async () => {
    const url = await ground.fresh();
    const store = openStore(url);
    await store.now();
    const other = new DatabaseSync(fileOf(url));
    other.exec('BEGIN IMMEDIATE');
    const waits = store.sightings.first('waits', 'y');
    let turns = 0;
    const counter = setInterval(() => turns++, 1);
    await until(() => turns > 20, 'the event loop to go on meanwhile');
    clearInterval(counter);
    other.exec('COMMIT');
    assert.equal(await waits, true);
    other.exec('BEGIN IMMEDIATE');
    await refusedWith(store, /another process holds it for too long/);
    other.close();
    assert.equal(await store.sightings.first('waits', 'y'), false);
    await store.close();
  });

  test('a file that is moved away is made anew', async () => {
    const url = await ground.fresh();
    const store = openStore(url);
    assert.equal(await store.sightings.first('x', 'y'), true);
    for (const end of ['', '-wal', '-shm']) renameSync(fileOf(url) + end, `${fileOf(url)}.away${end}`);
    await until(async () => (await store.sightings.first('x', 'y').catch(() => null)) === true, 'a new file');
    assert.equal(statSync(fileOf(url)).mode & 0o777, 0o600);
    await store.close();
  });

  test('a store that is newer than the program is refused, and left as it is', async () => {
    const url = await ground.fresh();
    const newer = openStore(url, { migrations: [...MIGRATIONS, ['CREATE TABLE sluice.later (a text)']] });
    await newer.now();
    await newer.close();
    const older = openStore(url);
    await refusedWith(older, NEWER);
    await older.close();
  });

  test('an older store is brought up to date; a migration that fails leaves nothing', async () => {
    const url = await ground.fresh();
    const old = openStore(url);
    await old.sightings.first('kept', 'y');
    await old.close();
    const wrong = openStore(url, {
      migrations: [
        ...MIGRATIONS,
        ['CREATE TABLE sluice.later (a text)', 'CREATE TABLE sluice.approvals (a text)'],
      ],
    });
    await assert.rejects(wrong.now(), /already exists/);
    await wrong.close();
    const right = openStore(url, { migrations: [...MIGRATIONS, ['CREATE TABLE sluice.later (a text)']] });
    assert.equal(await right.sightings.first('kept', 'y'), false);
    await right.close();
  });
});

describe('postgres', () => {
  let ground: Awaited<ReturnType<typeof postgresGround>>;
  before(async () => {
    ground = await postgresGround();
  });
  after(() => ground.stop());

  test('a server that stops and starts: unavailable at once, then as before, and watchers are called', async () => {
    const url = await ground.fresh();
    const store = openStore(url);
    const { id } = await store.approvals.create(await requestFor(store));
    let called = 0;
    store.watch('revocations', () => called++);
    await until(() => called > 0, 'the watcher to listen');
    await ground.server.halt();
    await refusedWith(store, /the store 127\.0\.0\.1:\d+\/state_0 cannot be used/);
    // Nobody waits for a server that is known to be away.
    const since = performance.now();
    for (let n = 0; n < 20; n++) assert.equal(await works(store), false);
    assert.ok(performance.now() - since < 500);
    const before = called;
    await ground.server.startAgain();
    const back = performance.now();
    await until(() => works(store), 'the store to heal');
    assert.ok(performance.now() - back < 6000);
    assert.equal((await store.approvals.vote(id, yes('ann'))).outcome, 'counted');
    await until(() => called > before, 'the watcher to be called again');
    const heard = called;
    const other = openStore(url);
    const at = await other.now();
    await other.revocations.put({ kind: 'principal', subject: 'e', reason: null, by: 'a', at, until: null });
    await until(() => called > heard, 'the other instance to be heard', 1000);
    await Promise.all([store.close(), other.close()]);
  });

  test('an outage at the start, and a database that is made later', async () => {
    const store = openStore(ground.server.url('not_there'));
    await refusedWith(store, /database "not_there" does not exist/);
    await asSuperuser(ground.server.url(), 'CREATE DATABASE not_there');
    await until(() => works(store), 'the store to heal');
    await store.close();
  });

  test('a server that falls silent is given up in seconds', async () => {
    const relay = await startRelay(ground.server.port);
    const url = (await ground.fresh()).replace(`:${ground.server.port}/`, `:${relay.port}/`);
    const store = openStore(url);
    await store.now();
    relay.hang();
    const since = performance.now();
    await assert.rejects(store.now(), StoreUnavailable);
    assert.ok(performance.now() - since < 7000);
    relay.close();
    await store.close();
  });

  test('connections that the server ended are replaced without anybody noticing', async () => {
    const url = await ground.fresh();
    const store = openStore(url);
    await Promise.all(Array.from({ length: 8 }, () => store.now()));
    await asSuperuser(
      ground.server.url(),
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice state'`,
    );
    for (let n = 0; n < 8; n++) await store.now();
    await store.close();
  });

  test('a role without rights, with a schema of its own, and one of whom the server knows nothing', async () => {
    const url = await ground.fresh();
    const database = new URL(url).pathname.slice(1);
    await asSuperuser(url, 'CREATE ROLE poor LOGIN', 'CREATE ROLE reader LOGIN');
    const poor = openStore(url.replace('postgres@', 'poor@'));
    await refusedWith(poor, /there is no permission: its role needs the right to make the schema sluice/);
    await asSuperuser(url, 'CREATE SCHEMA sluice AUTHORIZATION poor');
    await until(() => works(poor), 'the role to have its schema');
    assert.equal(await poor.sightings.first('x', 'y'), true);
    const reader = openStore(url.replace('postgres@', 'reader@'));
    await refusedWith(reader, /no permission/);
    const away = openStore(`postgres://nobody:secret-word@127.0.0.1:${ground.server.port}/${database}`);
    await assert.rejects(away.now(), (error) => {
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, /role "nobody" does not exist/);
      assert.doesNotMatch(error.message, /secret-word/);
      return true;
    });
    await Promise.all([poor.close(), reader.close(), away.close()]);
  });

  test('a schema that somebody drops is made again', async () => {
    const url = await ground.fresh();
    const store = openStore(url);
    assert.equal(await store.sightings.first('x', 'y'), true);
    await asSuperuser(url, 'DROP SCHEMA sluice CASCADE');
    await assert.rejects(store.sightings.first('x', 'y'), StoreUnavailable);
    assert.equal(await store.sightings.first('x', 'y'), true);
    await store.close();
  });

  test('a store that is newer than the program is refused', async () => {
    const url = await ground.fresh();
    const newer = openStore(url, { migrations: [...MIGRATIONS, ['CREATE TABLE sluice.later (a text)']] });
    await newer.now();
    await newer.close();
    const older = openStore(url);
    await refusedWith(older, NEWER);
    await older.close();
  });
});
