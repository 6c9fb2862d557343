/** The masked values of fixtures/masking/data.sql, and the guises in which their bytes may come out. */
import type { Client } from 'pg';
import type { WireMessage } from './wire-client.ts';

const SOURCES = [
  'SELECT ssn AS value FROM hr.person WHERE ssn IS NOT NULL',
  'SELECT card FROM hr.person',
  'SELECT pin::text FROM hr.person',
  'SELECT unnest(tags) FROM hr.person',
  "SELECT doc->>'k' FROM hr.person",
  'SELECT (home).street FROM hr.person',
  'SELECT lower(span)::text FROM hr.person',
  'SELECT token::text FROM hr.person',
  "SELECT encode(photo, 'hex') FROM hr.person",
  'SELECT serial FROM hr.asset',
  'SELECT secret FROM hr.log',
];

/** Shorter pieces than these come about by chance: of a value, and of the hexadecimal form of its bytes. */
const PIECE = 9;
const HEX_PIECE = 16;

export class Canaries {
  readonly values: readonly string[];
  readonly #pieces = new Map<string, string>();
  readonly #hexPieces = new Map<string, string>();

  constructor(values: readonly string[]) {
    this.values = values;
    for (const value of values) {
      for (const guise of guisesOf(value)) addPieces(this.#pieces, guise, PIECE);
      const hex = Buffer.from(value).toString('hex');
      for (const guise of [hex, hex.toUpperCase(), reversed(hex)])
        addPieces(this.#hexPieces, guise, HEX_PIECE);
    }
  }

  /** What of a canary is in the messages, unless the client sent it; null where nothing is. */
  found(messages: readonly WireMessage[], sent: Buffer): string | null {
    return this.foundIn(readingsOf(messages), sent);
  }

  /** The same of texts, one character a byte. */
  foundIn(texts: Iterable<string>, sent: Buffer): string | null {
    const told = sent.toString('latin1');
    for (const text of texts) {
      const found =
        pieceIn(text, this.#pieces, PIECE, told) ?? pieceIn(text, this.#hexPieces, HEX_PIECE, told);
      if (found !== null) return found;
    }
    return null;
  }
}

function addPieces(pieces: Map<string, string>, guise: string, size: number): void {
  for (let at = 0; at + size <= guise.length; at++) {
    const piece = guise.slice(at, at + size);
    if (!pieces.has(piece)) pieces.set(piece, guise);
  }
}

function pieceIn(
  text: string,
  pieces: ReadonlyMap<string, string>,
  size: number,
  told: string,
): string | null {
  for (let at = 0; at + size <= text.length; at++) {
    const guise = pieces.get(text.slice(at, at + size));
    if (guise === undefined || told.includes(text.slice(at, at + size))) continue;
    return `"${text.slice(at, at + size)}" of ${guise} in ${text.slice(Math.max(0, at - 60), at + 60)}`;
  }
  return null;
}

function reversed(text: string): string {
  return [...text].reverse().join('');
}

export async function canariesOf(direct: Client): Promise<Canaries> {
  const values: string[] = [];
  for (const source of SOURCES) {
    const { rows } = await direct.query<string[]>({ text: source, rowMode: 'array' });
    for (const [value] of rows) if (typeof value === 'string') values.push(value);
  }
  return new Canaries(values);
}

function guisesOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset, 0x20), bytes])
      .toString('base64')
      .replaceAll('=', '')
      .slice(offset === 0 ? 0 : offset + 1),
  );
  const digits = value.replaceAll(/\D/g, '');
  return [value, value.toLowerCase(), value.toUpperCase(), digits, ...base64].flatMap((guise) => [
    guise,
    reversed(guise),
  ]);
}

/** The bytes of each message; and a row's cells read one behind the other, whole and by their letters and digits alone. */
function* readingsOf(messages: readonly WireMessage[]): Iterable<string> {
  for (const { tag, body } of messages) {
    yield body.toString('latin1');
    if (tag !== 'D') continue;
    let cells = '';
    let at = 2;
    for (let n = body.readInt16BE(0); n > 0; n--) {
      const size = Math.max(0, body.readInt32BE(at));
      cells += body.toString('latin1', at + 4, at + 4 + size);
      at += 4 + size;
    }
    yield cells;
    yield cells.replaceAll(/[^A-Za-z0-9]/g, '');
  }
}
