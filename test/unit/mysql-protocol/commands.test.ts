/** The command phase against a server played by the test, with both sides cut into chunks of many sizes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readErr } from '../../../protocols/mysql/decode.ts';
import { CELL_OUTCOME, type CellMask } from '../../../src/core/masks.ts';
import {
  C,
  column,
  eof,
  ok,
  packet,
  query,
  result,
  Solo,
  TableGate,
  text,
  type Word,
} from '../../support/mysql-solo.ts';

const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 23, 32, 64, 100, 1000, 1 << 20];
const STARS: CellMask = {
  ofNull: null,
  mask(_source, _start, _end, out) {
    out.text('********');
    return CELL_OUTCOME.written;
  },
};

function open(word: (text: string) => Word | readonly Word[] = () => ({}), flags?: number): Solo {
  return new Solo(new TableGate(word), flags);
}

/** The ERR packet that ends `bytes`, behind `before`. */
function errorBehind(bytes: Buffer, before: Buffer) {
  assert.equal(bytes.subarray(0, before.length).toString('hex'), before.toString('hex'));
  const rest = bytes.subarray(before.length);
  assert.equal(rest[4], 0xff);
  return { sequence: rest[3], ...readErr(rest, 5, 4 + rest.readUIntLE(0, 3)) };
}

const ROWS = [
  ['1', 'Ann'],
  ['2', null],
  ['3', 'x'.repeat(200)],
];

test('promise 10: results pass byte for byte, with and without DEPRECATE_EOF, in chunks of every size', () => {
  for (const deprecated of [true, false]) {
    const flags = C.SESSION_TRACK | (deprecated ? C.DEPRECATE_EOF : 0);
    const answers = [
      result(['id', 'name'], ROWS, { deprecated }),
      Buffer.concat([
        result(['id'], [['1']], { deprecated, status: 2 | 8 }),
        result(['id', 'name'], ROWS, { deprecated, from: deprecated ? 5 : 6, status: 2 | 8 }),
        ok(deprecated ? 12 : 14),
      ]),
      packet(1, 0xff, 0x28, 0x04, '#42000', 'wrong'),
      ok(1),
    ];
    for (const size of SIZES) {
      const solo = open(() => ({ facts: { kind: 'CALL' } }), flags);
      for (const [n, answer] of answers.entries()) {
        const asked = query(`SELECT ${n}`);
        solo.client(asked, size);
        solo.server(answer, size);
        const { client, server } = solo.take();
        assert.equal(server.toString('hex'), asked.toString('hex'), `chunks of ${size}`);
        assert.equal(client.toString('hex'), answer.toString('hex'), `chunks of ${size}, answer ${n}`);
      }
      assert.equal(solo.gate.finished.length, answers.length);
      assert.equal(solo.ended, undefined);
    }
  }
});

test('promise 5: exactly the permitted rows arrive, then an error in place; the next command waits for the cancel', () => {
  const answer = result(['id', 'name'], ROWS);
  const permitted = answer.subarray(
    0,
    result(['id', 'name'], ROWS.slice(0, 2)).length - ok(0, 2, { end: true }).length,
  );
  for (const size of SIZES) {
    const solo = open((said) => (said.startsWith('SELECT') ? { rows: 2 } : {}));
    solo.client(query('SELECT 1'));
    solo.server(answer, size);
    assert.equal(solo.cancels, 1);
    const told = solo.take();
    assert.deepEqual(errorBehind(told.client, permitted), {
      sequence: 6,
      errno: 1317,
      sqlstate: '70100',
      message: 'result truncated by rule "few": it is limited to 2 rows; ask for fewer rows',
    });
    solo.client(packet(0, 0x0e), size);
    assert.equal(solo.take().server.length, 0);
    solo.session.cancelDelivered();
    // A cancel that came too late hits a statement of Sluice's own.
    assert.equal(solo.take().server.toString('latin1').slice(5), 'DO 0');
    solo.server(packet(1, 0xff, 0x25, 0x05, '#70100', 'interrupted'), size);
    assert.equal(solo.take().server.toString('hex'), packet(0, 0x0e).toString('hex'));
    solo.server(ok(1));
    assert.equal(solo.take().client.toString('hex'), ok(1).toString('hex'));
    assert.deepEqual(
      solo.gate.finished.map(({ rows, cutBy }) => ({ rows, cutBy })),
      [{ rows: 2, cutBy: 'few' }],
    );
  }
});

test('promise 4: masked cells of text rows change and nothing else does, in chunks of every size', () => {
  const answer = result(['id', 'name'], ROWS);
  const expected = result(
    ['id', 'name'],
    ROWS.map(([id, name]) => [id ?? null, name === null ? null : '********']),
  );
  for (const size of SIZES) {
    const solo = open(() => ({ masked: true }));
    solo.gate.mask = () => [null, STARS];
    solo.client(query('SELECT 1'));
    solo.server(answer, size);
    assert.equal(solo.take().client.toString('hex'), expected.toString('hex'), `chunks of ${size}`);
  }
});

function prepared(solo: Solo, parameters: number, names: readonly string[], id = 1): void {
  solo.client(packet(0, 0x16, 'SELECT ?'));
  const packets = [packet(1, 0, id, 0, 0, 0, names.length, 0, parameters, 0, 0, 0, 0)];
  for (let n = 0; n < parameters; n++) packets.push(column(packets.length + 1, '?'));
  for (const name of names) packets.push(column(packets.length + 1, name));
  const answer = Buffer.concat(packets);
  solo.server(answer, 3);
  assert.equal(solo.take().client.toString('hex'), answer.toString('hex'));
}

function execute(id: number, flags: number, rest: readonly (number | Buffer)[] = []): Buffer {
  return packet(
    0,
    0x17,
    id & 0xff,
    (id >> 8) & 0xff,
    (id >> 16) & 0xff,
    id >>> 24,
    flags,
    1,
    0,
    0,
    0,
    ...rest,
  );
}

/** A binary row of an INT and a string. */
function binaryRow(sequence: number, id: number | null, name: string | null): Buffer {
  const nulls = (id === null ? 4 : 0) | (name === null ? 8 : 0);
  const value = id === null ? [] : [id, 0, 0, 0];
  return packet(sequence, 0, nulls, ...value, ...(name === null ? [] : [text(name)]));
}

function binaryResult(rows: readonly (readonly [number | null, string | null])[]): Buffer {
  const head = [packet(1, 2), column(2, 'id', 3), column(3, 'name')];
  const body = rows.map(([id, name], n) => binaryRow(4 + n, id, name));
  return Buffer.concat([...head, ...body, ok(4 + rows.length, 2, { end: true })]);
}

test('promise 4: masked cells of binary rows, to NULL and from NULL, by the bitmap; in chunks of every size', () => {
  const toNull: CellMask = { ofNull: Buffer.from([7, 0, 0, 0]), mask: () => CELL_OUTCOME.nulled };
  const answer = binaryResult([
    [1, 'Ann'],
    [null, null],
    [3, 'Cid'],
  ]);
  const expected = binaryResult([
    [null, '********'],
    [7, null],
    [null, '********'],
  ]);
  for (const size of SIZES) {
    const solo = open(() => ({ masked: true }));
    prepared(solo, 0, ['id', 'name']);
    solo.gate.mask = (fields) => {
      assert.deepEqual(
        fields.map(({ binary, type, table }) => [binary, type, table]),
        [
          [true, 3, 'person'],
          [true, 0xfd, 'person'],
        ],
      );
      return [toNull, STARS];
    };
    solo.client(execute(1, 0), size);
    solo.server(answer, size);
    assert.equal(solo.take().client.toString('hex'), expected.toString('hex'), `chunks of ${size}`);
  }
});

test('class 35: a masker whose value is no value of the type gives NULL', () => {
  const wide: CellMask = {
    ofNull: null,
    mask(_source, _start, _end, out) {
      out.text('12345');
      return CELL_OUTCOME.written;
    },
  };
  const solo = open(() => ({ masked: true }));
  prepared(solo, 0, ['id', 'name']);
  solo.gate.mask = () => [wide, null];
  solo.client(execute(1, 0));
  solo.server(binaryResult([[1, 'Ann']]));
  assert.equal(solo.take().client.toString('hex'), binaryResult([[null, 'Ann']]).toString('hex'));
});

test('class 29: EXECUTE, FETCH and RESET of ids that were never given out, −1 among them, do not reach the server', () => {
  for (const id of [1, 0xffffffff]) {
    const solo = open();
    for (const command of [
      execute(id, 0),
      packet(0, 0x1c, id & 0xff, id >>> 24, id >>> 24, id >>> 24, 1, 0, 0, 0),
      packet(0, 0x1a, id & 0xff, id >>> 24, id >>> 24, id >>> 24),
    ]) {
      solo.client(command);
      const { client, server } = solo.take();
      assert.equal(server.length, 0);
      const error = errorBehind(client, Buffer.alloc(0));
      assert.deepEqual([error.errno, error.sequence], [1243, 1]);
    }
    solo.client(packet(0, 0x0e));
    assert.equal(solo.take().server.length, 5);
  }
});

test('class 29: a refused PREPARE leaves no statement behind', () => {
  const solo = open((said) => (said === 'DROP' ? { deny: 'no' } : {}));
  solo.client(packet(0, 0x16, 'DROP'));
  assert.equal(errorBehind(solo.take().client, Buffer.alloc(0)).errno, 1227);
  solo.client(execute(1, 0));
  assert.equal(errorBehind(solo.take().client, Buffer.alloc(0)).errno, 1243);
  assert.equal(solo.take().server.length, 0);
});

test('promise 3: a prepared statement is judged again when the session has moved, in the database it was prepared in', () => {
  let denied = false;
  const solo = open(() => (denied ? { deny: 'moved' } : {}));
  prepared(solo, 0, ['id', 'name']);
  const schema = Buffer.concat([Buffer.from([1, 6]), text('other')]);
  solo.client(query('USE other'));
  solo.server(ok(1, 2, { state: schema }));
  solo.take();
  assert.deepEqual(solo.gate.paths.at(-1), ['other']);
  denied = true;
  solo.gate.stamp++;
  solo.client(execute(1, 0));
  const { client, server } = solo.take();
  assert.equal(server.length, 0);
  assert.equal(errorBehind(client, Buffer.alloc(0)).message, 'moved');
  assert.deepEqual(solo.gate.paths.slice(-2), [[], ['other']]);
});

test('parameters decide on a LIMIT, also by types that were bound before', () => {
  const solo = open(() => ({ facts: { bound: { kind: 'parameter', index: 1 } } }));
  prepared(solo, 1, ['id', 'name']);
  const bound = (value: number, types: readonly number[]) =>
    execute(1, 0, [0, types.length > 0 ? 1 : 0, ...types, value, 0, 0, 0]);
  solo.client(bound(5, [3, 0]));
  assert.equal(solo.take().server.length, bound(5, [3, 0]).length);
  solo.server(binaryResult([[1, 'Ann']]));
  solo.take();
  solo.client(bound(50, []));
  assert.equal(errorBehind(solo.take().client, Buffer.alloc(0)).message, 'by parameter');
  solo.client(bound(6, []));
  assert.ok(solo.take().server.length > 0);
  assert.deepEqual(
    solo.gate.admitted.filter(({ via }) => via === 'execute').map(({ parameters }) => parameters),
    [['\x05\0\0\0'], ['\x06\0\0\0']],
  );
});

test('long data is part of the parameters; what does not fit the types is refused', () => {
  const solo = open();
  prepared(solo, 1, ['id', 'name']);
  solo.client(packet(0, 0x18, 1, 0, 0, 0, 0, 0, 'abc'), 2);
  solo.client(packet(0, 0x18, 1, 0, 0, 0, 0, 0, 'def'));
  solo.client(execute(1, 0, [0, 1, 0xfc, 0]));
  assert.deepEqual(solo.gate.admitted.at(-1)?.parameters, ['abcdef']);
  solo.server(ok(1));
  solo.take();
  solo.client(execute(1, 0, [0, 1, 0xfc, 0]));
  const { client, server } = solo.take();
  assert.equal(server.length, 0);
  assert.equal(errorBehind(client, Buffer.alloc(0)).errno, 1210);
});

test('class 31: rows that are fetched by a cursor are masked and counted on, without definitions', () => {
  for (const size of SIZES) {
    const solo = open(() => ({ masked: true, rows: 3 }));
    prepared(solo, 0, ['id', 'name']);
    solo.gate.mask = () => [null, STARS];
    solo.client(execute(1, 1));
    const opened = Buffer.concat([
      packet(1, 2),
      column(2, 'id', 3),
      column(3, 'name'),
      ok(4, 2 | 64, { end: true }),
    ]);
    solo.server(opened, size);
    assert.equal(solo.take().client.toString('hex'), opened.toString('hex'));
    const fetch = packet(0, 0x1c, 1, 0, 0, 0, 2, 0, 0, 0);
    solo.client(fetch, size);
    assert.equal(solo.take().server.toString('hex'), fetch.toString('hex'));
    solo.server(
      Buffer.concat([binaryRow(1, 1, 'Ann'), binaryRow(2, 2, 'Bob'), ok(3, 2 | 64, { end: true })]),
      size,
    );
    const masked = Buffer.concat([
      binaryRow(1, 1, '********'),
      binaryRow(2, 2, '********'),
      ok(3, 2 | 64, { end: true }),
    ]);
    assert.equal(solo.take().client.toString('hex'), masked.toString('hex'));
    solo.client(fetch);
    solo.server(
      Buffer.concat([binaryRow(1, 3, 'Cid'), binaryRow(2, 4, 'Dan'), ok(3, 2 | 64, { end: true })]),
      size,
    );
    const told = errorBehind(solo.take().client, binaryRow(1, 3, '********'));
    assert.deepEqual([told.errno, told.sequence], [1317, 2]);
  }
});

test('class 32: commands that no rule allows are refused, and the session goes on', () => {
  const solo = open();
  for (const code of [
    0, 4, 5, 6, 7, 8, 0x0a, 0x0b, 0x0d, 0x0f, 0x10, 0x12, 0x13, 0x14, 0x15, 0x1b, 0x1d, 0x1e, 0x20, 0x21,
    0x22, 0x7f, 0xfa, 0xfb, 0xff,
  ]) {
    solo.client(packet(0, code, 1, 2, 3, 4));
    const { client, server } = solo.take();
    assert.equal(server.length, 0, `command ${code}`);
    const error = errorBehind(client, Buffer.alloc(0));
    assert.deepEqual([error.errno, error.sqlstate, error.sequence], [1047, '08S01', 1]);
  }
  solo.client(packet(0));
  assert.equal(errorBehind(solo.take().client, Buffer.alloc(0)).errno, 1047);
  solo.client(packet(0, 0x0e));
  solo.server(ok(1));
  assert.equal(solo.take().client.toString('hex'), ok(1).toString('hex'));
  assert.equal(solo.ended, undefined);
});

test('class 33: a request for a local file never reaches the client, which gets the answer to an empty one', () => {
  for (const size of SIZES) {
    const solo = open();
    solo.client(query("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t"));
    solo.take();
    solo.server(packet(1, 0xfb, '/etc/passwd'), size);
    const asked = solo.take();
    assert.equal(asked.client.length, 0);
    assert.equal(asked.server.toString('hex'), '00000002');
    solo.server(ok(3), size);
    assert.equal(solo.take().client.toString('hex'), ok(1).toString('hex'));
  }
});

test('class 34: a command over several packets is judged as one, and its tail is none', () => {
  const head = Buffer.alloc(0xffffff, 0x20);
  head[0] = 0x03;
  const tail = 'DROP TABLE t';
  const bytes = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0]), head, packet(1, 0x03, tail)]);
  const seen: string[] = [];
  const solo = open((said) => {
    seen.push(said.trim());
    return { deny: 'no' };
  });
  solo.client(bytes, 1 << 20);
  const { client, server } = solo.take();
  assert.equal(server.length, 0);
  assert.deepEqual(seen, [`\x03${tail}`]);
  assert.equal(errorBehind(client, Buffer.alloc(0)).sequence, 2);
  const empty = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0]), head, packet(1)]);
  solo.client(empty, 1 << 20);
  assert.equal(seen.at(-1), '');
});

test('class 34: sequence ids that do not count on end the session', () => {
  const solo = open();
  solo.client(packet(1, 0x0e));
  assert.equal(solo.ended?.code, 'malformed-frame');
  assert.equal(solo.take().server.toString('hex'), packet(0, 1).toString('hex'));
});

test('rows of several packets: counted, masked and framed anew, the client counting on', () => {
  const long = Buffer.alloc(0xffffff + 100, 0x61);
  const cell = Buffer.concat([Buffer.from([0xfe]), Buffer.alloc(8), long]);
  cell.writeBigUInt64LE(BigInt(long.length), 1);
  const payload = Buffer.concat([cell, text('Ann')]);
  const head = Buffer.concat([packet(1, 2), column(2, 'id'), column(3, 'name')]);
  const row = Buffer.concat([
    Buffer.from([0xff, 0xff, 0xff, 4]),
    payload.subarray(0, 0xffffff),
    packet(5, payload.subarray(0xffffff)),
  ]);
  const answer = Buffer.concat([head, row, packet(6, text('x'), text('Bob')), ok(7, 2, { end: true })]);
  const plain = open();
  plain.client(query('SELECT 1'));
  plain.server(answer, 100_000);
  assert.ok(plain.take().client.equals(answer));
  assert.equal(plain.gate.finished[0]?.rows, 2);
  const masked = open(() => ({ masked: true }));
  masked.gate.mask = () => [STARS, null];
  masked.client(query('SELECT 1'));
  masked.server(answer, 1 << 20);
  const rows = [packet(4, text('********'), text('Ann')), packet(5, text('********'), text('Bob'))];
  const expected = Buffer.concat([head, ...rows, ok(6, 2, { end: true })]);
  assert.ok(masked.take().client.equals(expected));
  const limited = open(() => ({ bytes: 0xffffff + 50 }));
  limited.client(query('SELECT 1'));
  limited.server(answer, 1 << 20);
  assert.equal(errorBehind(limited.take().client, head).sequence, 4);
});

test('promise 6: a denial takes the place of the answer, also in a pipeline, and what comes behind it is run in order', () => {
  for (const size of SIZES) {
    const solo = open((said) => (said === 'DROP' ? { deny: 'no' } : {}));
    solo.gate.pending.add('SELECT 2');
    solo.client(Buffer.concat([query('SELECT 1'), query('DROP'), query('SELECT 2'), packet(0, 0x0e)]), size);
    assert.equal(solo.take().server.toString('hex'), query('SELECT 1').toString('hex'));
    solo.server(ok(1));
    const denied = solo.take();
    assert.equal(denied.server.length, 0);
    assert.equal(errorBehind(denied.client, ok(1)).errno, 1227);
    assert.equal(solo.session.activity.phase, 'held');
    solo.session.wake();
    assert.equal(solo.take().server.toString('hex'), query('SELECT 2').toString('hex'));
    solo.server(ok(1));
    assert.equal(solo.take().server.toString('hex'), packet(0, 0x0e).toString('hex'));
    solo.server(ok(1));
    assert.equal(solo.session.activity.phase, 'idle');
  }
});

test('promise 3: a character set that reads in two ways ends the session; clients without SESSION_TRACK read plain OKs', () => {
  const plain = open(undefined, C.DEPRECATE_EOF);
  const schema = Buffer.concat([Buffer.from([1, 6]), text('other')]);
  plain.client(query('USE other'));
  plain.server(ok(1, 2, { state: schema }));
  assert.equal(plain.take().client.toString('hex'), ok(1).toString('hex'));
  const variable = Buffer.concat([text('character_set_client'), text('gbk')]);
  plain.client(query('SET NAMES gbk'));
  plain.server(ok(1, 2, { state: Buffer.concat([Buffer.from([0, variable.length]), variable]) }));
  assert.equal(plain.ended?.code, 'unsafe-reading');
});

test('class 37: KILL takes ids of Sluice alone, and does not reach the server', () => {
  const solo = open((said) => ({ facts: { act: { act: 'kill', query: false, id: Number(said.slice(5)) } } }));
  solo.client(query('KILL 7'));
  assert.deepEqual([solo.killed, solo.take()], [[7, 'session'], { client: ok(1), server: Buffer.alloc(0) }]);
  solo.client(packet(0, 0x0c, 8, 0, 0, 0));
  assert.equal(errorBehind(solo.take().client, Buffer.alloc(0)).errno, 1094);
});

test('promise 8: what the journal could not record is answered by an error, and the session goes on', () => {
  const solo = open();
  solo.client(query('SELECT 1'));
  solo.take();
  solo.session.retract(1);
  assert.equal(errorBehind(solo.take().client, Buffer.alloc(0)).sequence, 1);
  solo.client(query('SELECT 2'));
  solo.server(eof(1).subarray(0, 0));
  solo.server(ok(1));
  assert.equal(solo.take().client.toString('hex'), ok(1).toString('hex'));
});

test('promise 4: errors of statements that touch masked columns do not quote values', () => {
  const solo = open(() => ({ masked: true }));
  solo.client(query('INSERT 1'));
  solo.server(packet(1, 0xff, 0x26, 0x04, '#23000', "Duplicate entry '123-45-6789' for key 'ssn'"));
  const error = errorBehind(solo.take().client, Buffer.alloc(0));
  assert.deepEqual([error.errno, error.sqlstate, error.message.includes('6789')], [1062, '23000', false]);
});
