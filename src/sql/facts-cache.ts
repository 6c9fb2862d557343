/**
 * Facts by text, in two levels (DESIGN 3). The first is keyed by the exact bytes. The second is keyed by the
 * text without its literals; under it stand the literals that facts depend on, so that two texts share an
 * entry only if they agree in everything that was looked at. Analysis is deterministic: with the same skeleton
 * and the same looked-at literals it takes the same path, so it gives the same facts.
 */
import { latin1 } from '../bytes/latin1.ts';
import type { SqlEntry } from './entry.ts';

/** What a dialect's lexer found in the text that it scanned last. Offsets are bytes from where the text begins. */
export interface ScannedLiterals {
  readonly literals: number;
  /** False where the skeleton is none: then the text is kept by its exact bytes alone. */
  readonly complete: boolean;
  readonly literalStart: Int32Array;
  readonly literalEnd: Int32Array;
  /** Where a minus sign directly before the literal is, or -1: constants may be known by either place. */
  readonly literalSign: Int32Array;
  /** The text with its literals taken out. */
  skeleton(): string;
}

/** Longer texts are not kept by their exact bytes. */
const EXACT_BYTES_MAX = 8 * 1024;
const VARIANTS_MAX = 128;
/** What facts and judgements of a small statement take, roughly. */
const ENTRY_BYTES = 4 * 1024;

/** Entries of one skeleton that keep the same literals (by ordinal), by the text of those literals. */
interface Variants {
  readonly kept: readonly number[];
  readonly byLiterals: Map<string, SqlEntry>;
}

export class FactsCache {
  readonly #exact = new Map<string, SqlEntry>();
  /** Lengths that exact keys have had: a text of any other is not looked up, and no key is made of it. */
  readonly #exactLengths = new Uint8Array(EXACT_BYTES_MAX + 1);
  readonly #skeletons = new Map<string, Variants[]>();
  readonly #bytesMax: number;
  #bytes = 0;
  hits = 0;
  misses = 0;

  /** `bytesMax`: keys and what they stand for, in all; the oldest go first. */
  constructor(bytesMax = 32 * 1024 * 1024) {
    this.#bytesMax = bytesMax;
  }

  exact(bytes: Buffer, start: number, end: number): SqlEntry | undefined {
    // Out of bounds gives undefined, so texts that are too long are among those.
    if (this.#exactLengths[end - start] !== 1) return undefined;
    const entry = this.#exact.get(latin1(bytes, start, end));
    if (entry !== undefined) this.hits++;
    return entry;
  }

  /** `lexer` has just scanned `bytes[start, …)`. */
  bySkeleton(lexer: ScannedLiterals, bytes: Buffer, start: number): SqlEntry | undefined {
    if (lexer.literals === 0 || !lexer.complete) return undefined;
    const variants = this.#skeletons.get(lexer.skeleton());
    if (variants === undefined) return undefined;
    for (const { kept, byLiterals } of variants) {
      const entry = byLiterals.get(literalsOf(lexer, bytes, start, kept));
      if (entry !== undefined) {
        this.hits++;
        return entry;
      }
    }
    return undefined;
  }

  /** Keeps an entry. `freeConstants`: offsets from `start` of the constants that no fact depends on. */
  add(
    entry: SqlEntry,
    lexer: ScannedLiterals,
    bytes: Buffer,
    start: number,
    end: number,
    freeConstants: ReadonlySet<number>,
  ): void {
    this.misses++;
    const kept: number[] = [];
    for (let n = 0; n < lexer.literals; n++) if (!isFree(lexer, n, freeConstants)) kept.push(n);
    if (lexer.complete && kept.length < lexer.literals) this.#addSkeleton(entry, lexer, bytes, start, kept);
    else if (end - start <= EXACT_BYTES_MAX) this.#addExact(entry, latin1(bytes, start, end));
  }

  #addExact(entry: SqlEntry, key: string): void {
    if (!this.#exact.has(key)) this.#bytes += costOf(key);
    this.#exact.set(key, entry);
    this.#exactLengths[key.length] = 1;
    this.#shrink();
  }

  #addSkeleton(
    entry: SqlEntry,
    lexer: ScannedLiterals,
    bytes: Buffer,
    start: number,
    kept: readonly number[],
  ): void {
    const skeleton = lexer.skeleton();
    let variants = this.#skeletons.get(skeleton);
    if (variants === undefined) {
      variants = [];
      this.#skeletons.set(skeleton, variants);
      this.#bytes += costOf(skeleton);
    }
    let own = variants.find((candidate) => sameOrdinals(candidate.kept, kept));
    if (own === undefined) {
      own = { kept, byLiterals: new Map() };
      variants.push(own);
    }
    const key = literalsOf(lexer, bytes, start, kept);
    if (!own.byLiterals.has(key)) this.#bytes += costOf(key);
    own.byLiterals.set(key, entry);
    if (own.byLiterals.size > VARIANTS_MAX) this.#bytes -= dropOldest(own.byLiterals);
    this.#shrink();
  }

  #shrink(): void {
    while (this.#bytes > this.#bytesMax && this.#exact.size + this.#skeletons.size > 1) {
      if (this.#exact.size >= this.#skeletons.size) this.#bytes -= dropOldest(this.#exact);
      else {
        const [oldest] = this.#skeletons;
        if (oldest === undefined) return;
        this.#bytes -= costOf(oldest[0]);
        for (const { byLiterals } of oldest[1])
          for (const key of byLiterals.keys()) this.#bytes -= costOf(key);
        this.#skeletons.delete(oldest[0]);
      }
    }
  }
}

/** A key with its facts and judgements, of which a short statement has far more than it has text. */
function costOf(key: string): number {
  return key.length + ENTRY_BYTES;
}

/** The oldest entry goes; gives what it cost. */
function dropOldest(map: Map<string, SqlEntry>): number {
  for (const key of map.keys()) {
    map.delete(key);
    return costOf(key);
  }
  return 0;
}

function isFree(lexer: ScannedLiterals, n: number, free: ReadonlySet<number>): boolean {
  // libpg-query puts a negative constant at its minus sign.
  const sign = lexer.literalSign[n] ?? -1;
  return free.has(lexer.literalStart[n] ?? -1) || (sign >= 0 && free.has(sign));
}

function literalsOf(lexer: ScannedLiterals, bytes: Buffer, start: number, kept: readonly number[]): string {
  if (kept.length === 0) return '';
  let key = '';
  for (const n of kept) {
    // No text holds a NUL, so joined literals cannot be taken for others.
    key += `${latin1(bytes, start + (lexer.literalStart[n] ?? 0), start + (lexer.literalEnd[n] ?? 0))}\0`;
  }
  return key;
}

function sameOrdinals(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((value, n) => value === right[n]);
}
