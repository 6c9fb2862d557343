import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CellType, MaskerName } from '../../../src/masking/index.ts';
import {
  detokenise,
  keyRingProblem,
  makeMasker,
  maskerProblem,
  namedMasker,
  POSTGRES_CODEC,
  TEXT,
  withSchema,
} from '../../../src/masking/index.ts';
import { Ff1Alphabet } from '../../../src/masking/maskers/fpe.ts';
import { every, maskBytes, maskText, RING, spec } from '../../support/masking.ts';

const INT4: CellType = { kind: 'int4' };
const INT8: CellType = { kind: 'int8' };
const MONEY: CellType = { kind: 'numeric', precision: 10, scale: 2 };
const DATE: CellType = { kind: 'date' };
const UUID: CellType = { kind: 'uuid' };
const JSONB: CellType = { kind: 'jsonb' };
const MOOD: CellType = { kind: 'enum', labels: ['sad', 'ok'] };
const ID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';

type Row = readonly [
  masker: MaskerName,
  options: unknown,
  type: CellType,
  cell: string,
  masked: string | null,
];

const TABLE: readonly Row[] = [
  ['redact', null, TEXT, 'anything', '[redacted]'],
  ['redact', null, { kind: 'text', charactersMax: 3 }, 'abc', '***'],
  ['redact', null, INT4, '-17', '0'],
  ['redact', null, MONEY, '12.34', '0.00'],
  ['redact', null, { kind: 'bool' }, 't', 'f'],
  ['redact', null, DATE, '2024-05-06', '1970-01-01'],
  ['redact', null, UUID, ID, '00000000-0000-0000-0000-000000000000'],
  ['redact', null, JSONB, '{"a":1}', '"[redacted]"'],
  ['redact', null, MOOD, 'sad', null],
  ['redact', null, { kind: 'unknown' }, 'x', null],
  ['redact', null, { kind: 'range', of: INT4 }, '[1,5)', 'empty'],
  ['last4', null, TEXT, '123-45-6789', '***-**-6789'],
  ['last4', null, TEXT, '1234', '****'],
  ['last4', null, TEXT, '123456', '****56'],
  ['last4', null, TEXT, 'pässwört', '****wört'],
  ['last4', null, INT4, '123456789', '6789'],
  ['last4', null, INT4, '-1234', '0'],
  ['last4', null, MONEY, '123456.78', '56.00'],
  ['last4', null, UUID, ID, '00000000-0000-0000-0000-000000000a11'],
  ['last4', null, JSONB, '"abcdefgh"', '"****efgh"'],
  ['last4', null, JSONB, '{"ssn":"123-45-6789"}', '"[redacted]"'],
  ['last4', null, DATE, '2024-05-06', null],
  ['first1', null, TEXT, 'John Smith', 'J*** *****'],
  ['first1', null, TEXT, 'J', '*'],
  ['first1', null, INT4, '12345', '10000'],
  ['email', null, TEXT, 'anna@example.com', 'a***@example.com'],
  ['email', null, TEXT, 'a@example.com', '***@example.com'],
  ['email', null, TEXT, 'a b@example.com', '[redacted]'],
  ['email', null, TEXT, 'anna@example.com 123-45-6789', '[redacted]'],
  ['email', null, { kind: 'text', charactersMax: 12 }, 'bo@shop.info', '[redacted]'],
  ['null', null, TEXT, 'x', null],
  ['fixed', 'n/a', TEXT, 'x', 'n/a'],
  ['fixed', 7, INT4, '123', '7'],
  ['fixed', 7, MONEY, '123', '7'],
  ['fixed', 'ok', MOOD, 'sad', 'ok'],
  ['fixed', 'glad', MOOD, 'sad', null],
  ['fixed', 'n/a', JSONB, '{}', '"n/a"'],
  ['fixed', '2020-01-01', DATE, '2024-05-06', '2020-01-01'],
  ['year', null, DATE, '2024-05-06', '2024-01-01'],
  ['year', null, DATE, '0044-03-15 BC', '0044-01-01 BC'],
  ['year', null, DATE, 'infinity', null],
  ['year', null, { kind: 'timestamp' }, '1969-12-31 23:59:59.5', '1969-01-01 00:00:00'],
  ['year', null, { kind: 'timestamptz' }, '2024-01-01 00:30:00+02', '2023-01-01 00:00:00+00'],
  ['year', null, TEXT, '1980-02-03', '1980'],
  ['year', null, TEXT, 'born 1980', null],
  ['year', null, { kind: 'range', of: DATE }, '[2024-02-03,2025-04-05)', '[2024-01-01,2025-01-01)'],
  ['range', { width: 10 }, INT4, '37', '30'],
  ['range', { width: 10 }, INT4, '-1', '-10'],
  ['range', { width: 10 }, INT4, '-2147483648', null],
  ['range', { width: 100 }, MONEY, '1234.56', '1200.00'],
  ['range', { width: 10 }, MONEY, '-0.50', '-10.00'],
  ['range', { width: 10 }, TEXT, '37', '30-39'],
  [
    'range',
    { width: 10 },
    { kind: 'array', of: INT4, delimiter: ',' },
    '{{1,NULL},{23,45}}',
    '{{0,NULL},{20,40}}',
  ],
  ['range', { width: 10 }, { kind: 'composite', fields: [INT4, TEXT] }, '(37,"a b")', '(30,)'],
  ['fpe', { key: 'k' }, INT4, '12345', null],
  ['fpe', { key: 'k' }, TEXT, 'call 5551234567', null],
  ['hash', { key: 'k' }, { kind: 'text', charactersMax: 5 }, 'abcde', null],
];

test('each masker gives each type a value of the same type, or NULL', () => {
  for (const [masker, options, type, cell, masked] of TABLE) {
    const given = maskText(every(masker, options), cell, { type });
    assert.equal(given, masked, `${masker} of ${cell} as ${type.kind}`);
  }
});

test('NULL stays NULL unless told otherwise', () => {
  assert.equal(maskBytes(every('redact'), null), null);
  assert.equal(maskBytes(every('redact', null, 'mask'), null)?.toString(), '[redacted]');
  assert.equal(maskBytes(every('last4', null, 'mask'), null, { type: INT4 })?.toString(), '0');
});

test('text that is no UTF-8 goes out as stars', () => {
  const cell = Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80]);
  const masked = maskBytes(every('last4'), cell);
  assert.equal(masked?.toString('latin1').replaceAll('*', ''), '(');
});

test('hash: equal values have equal hashes in every column and format, and others with every key', () => {
  const hash = every('hash', { key: 'k' });
  const text = maskText(hash, '17');
  assert.match(text ?? '', /^k2:[0-9a-f]{32}$/);
  assert.equal(maskText(hash, '17'), text);
  assert.notEqual(maskText(hash, '18'), text);
  assert.equal(maskText(hash, '"17"', { type: JSONB }), `"${text}"`);
  assert.notEqual(maskText(every('hash', { key: 'k' }, 'keep', { ...RING, current: 'k1' }), '17'), text);
  const written = Buffer.alloc(8);
  written.writeBigInt64BE(17n);
  const binary = maskBytes(hash, written, { type: INT8, format: 'binary' });
  assert.equal(binary?.readBigInt64BE().toString(), maskText(hash, '17', { type: INT8 }));
  const uuid = maskText(hash, ID, { type: UUID }) ?? '';
  assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('token: opens with the key that made it, also after rotation, and with no other', () => {
  const old = every('token', { key: 'k' }, 'keep', { ...RING, current: 'k1' });
  const token = maskText(old, 'zoë@example.com') ?? '';
  assert.match(token, /^tok_k1_/);
  assert.equal(maskText(old, 'zoë@example.com'), token);
  assert.equal(detokenise(token, RING)?.toString(), 'zoë@example.com');
  assert.equal(detokenise(token, { current: 'k2', keys: [{ id: 'k2', secret: Buffer.alloc(32, 1) }] }), null);
  assert.equal(detokenise(token, { current: 'k1', keys: [{ id: 'k1', secret: Buffer.alloc(32, 9) }] }), null);
  const forged = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`;
  assert.equal(detokenise(forged, RING), null);
  assert.equal(
    maskText(every('token', { key: 'k' }), 'x', { type: { kind: 'text', charactersMax: 20 } }),
    null,
  );
});

test('fpe: length, separators and sign stay, and distinct values stay distinct', () => {
  const fpe = every('fpe', { key: 'k' });
  assert.match(maskText(fpe, '123-45-6789') ?? '', /^\d{3}-\d{2}-\d{4}$/);
  assert.notEqual(maskText(fpe, '123-45-6789'), '123-45-6789');
  assert.match(maskText(fpe, '-2000000000', { type: INT4 }) ?? '', /^-[12]\d{9}$/);
  assert.match(maskText(fpe, '123456.78', { type: MONEY }) ?? '', /^[1-9]\d{5}\.\d\d$/);
  assert.match(
    maskText(fpe, ID, { type: UUID }) ?? '',
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-b[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.match(
    maskText(every('fpe', { key: 'k', alphabet: 'alnum' }), 'AB12-cd34') ?? '',
    /^[0-9A-Za-z]{4}-[0-9A-Za-z]{4}$/,
  );
  const seen = new Set<string | null>();
  for (let i = 0; i < 200; i++) seen.add(maskText(fpe, String(1_900_000_000 + i), { type: INT4 }));
  assert.equal(seen.size, 200);
  const tweaked = every('fpe', { key: 'k', tweak: 'customers.ssn' });
  assert.notEqual(maskText(tweaked, '123-45-6789'), maskText(fpe, '123-45-6789'));
});

// "FF1samples.pdf", Cryptographic Standards and Guidelines, NIST: sample 1 to 9.
const KEY_128 = '2b7e151628aed2a6abf7158809cf4f3c';
const KEY_192 = `${KEY_128}ef4359d8d580aa4f`;
const KEY_256 = `${KEY_192}7f036d6f04fc6a94`;
const DIGITS = '0123456789';
const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';
const SAMPLES = [
  [KEY_128, DIGITS, '', '0123456789', '2433477484'],
  [KEY_128, DIGITS, '39383736353433323130', '0123456789', '6124200773'],
  [KEY_128, LETTERS, '3737373770717273373737', '0123456789abcdefghi', 'a9tv40mll9kdu509eum'],
  [KEY_192, DIGITS, '', '0123456789', '2830668132'],
  [KEY_192, DIGITS, '39383736353433323130', '0123456789', '2496655549'],
  [KEY_192, LETTERS, '3737373770717273373737', '0123456789abcdefghi', 'xbj3kv35jrawxv32ysr'],
  [KEY_256, DIGITS, '', '0123456789', '6657667009'],
  [KEY_256, DIGITS, '39383736353433323130', '0123456789', '1001623463'],
  [KEY_256, LETTERS, '3737373770717273373737', '0123456789abcdefghi', 'xs8a0azh2avyalyzuwd'],
] as const;

test("fpe is NIST's FF1: its nine published samples", () => {
  for (const [key, alphabet, tweak, plain, encrypted] of SAMPLES) {
    const cipher = new Ff1Alphabet(alphabet, Buffer.from(key, 'hex'), Buffer.from(tweak, 'hex'));
    assert.equal(cipher.encryptText(plain), encrypted);
  }
});

test('fpe refuses what has fewer than a million values', () => {
  const cipher = new Ff1Alphabet(DIGITS, Buffer.alloc(32), Buffer.alloc(0));
  assert.equal(cipher.lengthMin, 6);
  assert.equal(cipher.encryptText('12345'), null);
  assert.equal(new Ff1Alphabet('01', Buffer.alloc(32), Buffer.alloc(0)).lengthMin, 20);
});

test('what could never work is told for the check of the configuration', () => {
  const problem = (name: MaskerName, options: unknown, type: CellType): string | null =>
    maskerProblem(makeMasker(spec(name, options), POSTGRES_CODEC), type);
  assert.equal(problem('last4', null, TEXT), null);
  assert.equal(problem('last4', null, { kind: 'domain', of: INT4 }), null);
  assert.match(problem('last4', null, DATE) ?? '', /text, numbers and uuids/);
  assert.match(problem('year', null, { kind: 'array', of: INT4, delimiter: ',' }) ?? '', /dates/);
  assert.match(problem('fixed', 'abc', INT4) ?? '', /"abc" is no value of int4/);
  assert.match(problem('fixed', 'glad', MOOD) ?? '', /no value of enum/);
  assert.match(problem('token', { key: 'k' }, INT4) ?? '', /fpe or hash/);
  assert.match(problem('hash', { key: 'k' }, { kind: 'range', of: INT4 }) ?? '', /order/);
  assert.match(problem('fpe', { key: 'k' }, { kind: 'int2' }) ?? '', /too few/);
  assert.match(problem('redact', null, { kind: 'unknown' }) ?? '', /no neutral value/);
  assert.equal(problem('redact', null, { kind: 'range', of: INT4 }), null);
  assert.equal(problem('null', null, { kind: 'unknown' }), null);
});

test('`with:` takes every masker by its name and refuses the rest', () => {
  assert.deepEqual(namedMasker(withSchema.parse('last4')), { name: 'last4', options: null, ring: null });
  assert.deepEqual(namedMasker(withSchema.parse({ fpe: { key: 'pii' } })), {
    name: 'fpe',
    options: { key: 'pii', alphabet: 'digits', tweak: '' },
    ring: 'pii',
  });
  for (const wrong of [
    'last5',
    'hash',
    { range: {} },
    { range: { width: 0 } },
    { last4: null },
    { fpe: { key: 'k', alphabet: 'aa' } },
    {},
  ]) {
    assert.equal(withSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});

test('key rings: short secrets, double ids and a missing current key are told', () => {
  assert.equal(keyRingProblem(RING), null);
  assert.match(
    keyRingProblem({ current: 'a', keys: [{ id: 'a', secret: Buffer.alloc(15) }] }) ?? '',
    /shorter than 16/,
  );
  assert.match(keyRingProblem({ current: 'x', keys: RING.keys }) ?? '', /"x" is not among/);
  assert.match(keyRingProblem({ current: 'k1', keys: [...RING.keys, ...RING.keys] }) ?? '', /twice/);
  assert.match(
    keyRingProblem({ current: 'a b', keys: [{ id: 'a b', secret: Buffer.alloc(16) }] }) ?? '',
    /letters and digits/,
  );
});
