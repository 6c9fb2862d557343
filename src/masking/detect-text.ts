import type { ByteSink } from './byte-sink.ts';
import type { CellCodec } from './codec/codec.ts';
import { Hits } from './detectors/hits.ts';
import type { Scanner } from './detectors/scanner.ts';
import { editJson, type HitMasker, hasBackslash, looksLikeJson } from './json/edit.ts';
import type { Masker } from './masker.ts';
import { countCodePoints, isLonger } from './maskers/characters.ts';

const STAR = 0x2a;
const NUMBER = { kind: 'numeric', precision: null, scale: null } as const;

export type TextOutcome = 'kept' | 'written' | 'null' | 'not-json';

/** Detectors over one text, plain or JSON; what they find is masked in its place, and everything else stays. */
export class DetectingText implements HitMasker {
  readonly scanner: Scanner;
  readonly #maskers: readonly Masker[];
  readonly #codec: CellCodec;
  readonly #hits = new Hits();

  /** `maskers` by the numbers of the rules that the scanner reports. */
  constructor(scanner: Scanner, maskers: readonly Masker[], codec: CellCodec) {
    this.scanner = scanner;
    this.#maskers = maskers;
    this.#codec = codec;
  }

  /** The number of the rule of the first hit; -1 where there is none. */
  firstRule(source: Buffer, start: number, end: number): number {
    const hits = this.#scan(source, start, end);
    return hits.count === 0 ? -1 : hits.rule(0);
  }

  /** `charactersMax`: what the column holds; null: no limit. */
  text(source: Buffer, start: number, end: number, charactersMax: number | null, out: ByteSink): TextOutcome {
    const hits = this.#scan(source, start, end);
    const json = looksLikeJson(source, start, end);
    if (hits.count === 0 && !(json && hasBackslash(source, start, end))) return 'kept';
    const from = out.at;
    if (json) {
      const outcome = editJson(this, source, start, end, hits, out);
      const tooLong = outcome === 'written' && isOver(out.bytes, from, out.at, charactersMax);
      // Shortened JSON would be none any more.
      if (outcome !== 'not-json') return tooLong ? 'null' : outcome;
      if (hits.count === 0) return 'kept';
    }
    if (!this.#splice(source, start, end, hits, out)) return 'null';
    if (isOver(out.bytes, from, out.at, charactersMax)) {
      out.at = from;
      starHits(source, start, end, hits, out);
    }
    return 'written';
  }

  /** `not-json`: nothing was written. */
  json(source: Buffer, start: number, end: number, out: ByteSink): TextOutcome {
    const hits = this.#scan(source, start, end);
    if (hits.count === 0 && !hasBackslash(source, start, end)) return 'kept';
    return editJson(this, source, start, end, hits, out);
  }

  maskText(source: Buffer, start: number, end: number, rule: number, out: ByteSink): boolean {
    return this.#maskers[rule]?.text(source, start, end, out, null) ?? false;
  }

  maskNumber(source: Buffer, start: number, end: number, rule: number): Buffer | null {
    const value = this.#codec.decode(source, start, end, NUMBER, 'text');
    const masked = value === null ? null : (this.#maskers[rule]?.value(value, NUMBER) ?? null);
    return masked === null ? null : this.#codec.encode(masked, NUMBER, 'text');
  }

  #scan(source: Buffer, start: number, end: number): Hits {
    this.#hits.clear();
    this.scanner.scan(source, start, start, end, this.#hits);
    return this.#hits;
  }

  /** False: a masker has no text for one of the hits. */
  #splice(source: Buffer, start: number, end: number, hits: Hits, out: ByteSink): boolean {
    let at = start;
    for (let i = 0; i < hits.count; i++) {
      out.copy(source, at, hits.start(i));
      if (!this.maskText(source, hits.start(i), hits.end(i), hits.rule(i), out)) return false;
      at = hits.end(i);
    }
    out.copy(source, at, end);
    return true;
  }
}

/** Each hit as stars, as many as it has characters: what fits whatever the column's limit is. */
function starHits(source: Buffer, start: number, end: number, hits: Hits, out: ByteSink): void {
  let at = start;
  for (let i = 0; i < hits.count; i++) {
    out.copy(source, at, hits.start(i));
    out.repeat(STAR, countCodePoints(source, hits.start(i), hits.end(i)));
    at = hits.end(i);
  }
  out.copy(source, at, end);
}

function isOver(bytes: Buffer, start: number, end: number, charactersMax: number | null): boolean {
  return charactersMax !== null && isLonger(bytes, start, end, charactersMax);
}
