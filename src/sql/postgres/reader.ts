/**
 * Reads statements of one major version: caps first, then the caches, then libpg-query and the walk. Whatever
 * goes wrong on the way is a denial; nothing is ever passed because it could not be read.
 */
import { isUtf8 } from 'node:buffer';
import type { Denial } from '../../core/decision.ts';
import type { Json } from '../../core/json.ts';
import { SqlEntry } from '../entry.ts';
import { FactsCache } from '../facts-cache.ts';
import type { Reading } from './analysis.ts';
import { type AstNode, Unreadable } from './ast.ts';
import { CAPS, tooComplex } from './caps.ts';
import { analyzeTree, statementsOf } from './facts.ts';
import { Lexer } from './lexer.ts';
import { type ParseOutcome, type ParserMajor, PostgresParser } from './parser.ts';

/** One mode of reading with its cache. */
export interface ReadingSpace {
  readonly reading: Reading;
  readonly cache: FactsCache;
}

export type ReadOutcome =
  | { readonly outcome: 'entry'; readonly entry: SqlEntry }
  | { readonly outcome: 'denied'; readonly denial: Denial; readonly tooComplex: boolean }
  /** No parser instance is ready; ask again after `ready()`. */
  | { readonly outcome: 'busy' }
  /** Too long for the event loop: to be parsed in a worker and handed to `readParsed`. */
  | { readonly outcome: 'large' };

export const UNPARSABLE_RULE = 'sluice/unparsable';
export const UNREADABLE_RULE = 'sluice/unreadable';
export const COMPLEXITY_RULE = 'sluice/too-complex';

class ParserBusy extends Error {
  override readonly name = 'ParserBusy';
}

export class StatementReader {
  readonly parser: PostgresParser;
  readonly #lexer = new Lexer();
  /** For texts within texts, which are read while `#lexer` still holds the outer one's literals. */
  readonly #innerLexer = new Lexer();

  private constructor(parser: PostgresParser) {
    this.parser = parser;
  }

  static async load(major: ParserMajor): Promise<StatementReader> {
    return new StatementReader(await PostgresParser.load(major));
  }

  /** Reads `bytes[start, end)`: a statement or several, without the terminating NUL. */
  read(space: ReadingSpace, bytes: Buffer, start: number, end: number): ReadOutcome {
    const exact = space.cache.exact(bytes, start, end);
    if (exact !== undefined) return { outcome: 'entry', entry: exact };
    if (end - start > CAPS.statementBytesMax) {
      return complex(`${end - start} bytes long, more than ${CAPS.statementBytesMax}`);
    }
    const lexer = this.#lexer;
    lexer.scan(bytes, start, end);
    const cached = space.cache.bySkeleton(lexer, bytes, start);
    if (cached !== undefined) return { outcome: 'entry', entry: cached };
    const why = tooComplex(lexer.complexity);
    if (why !== null) return complex(why);
    if (!isUtf8(bytes.subarray(start, end)))
      return { outcome: 'denied', denial: NOT_UTF8, tooComplex: false };
    if (end - start > CAPS.inlineBytesMax) return { outcome: 'large' };
    return this.#parse(space, bytes, start, end);
  }

  #parse(space: ReadingSpace, bytes: Buffer, start: number, end: number): ReadOutcome {
    const parsed = this.parser.parse(bytes, start, end);
    if (parsed.outcome !== 'tree') return this.readParsed(space, parsed);
    const outcome = this.#analyze(space, parsed.tree);
    if (outcome.outcome === 'entry') {
      space.cache.add(outcome.entry, this.#lexer, bytes, start, end, outcome.freeConstants);
    }
    return outcome;
  }

  /** Reads what a parser made of a text: this reader's own, or one in a worker. */
  readParsed(space: ReadingSpace, parsed: ParseOutcome): ReadOutcome {
    switch (parsed.outcome) {
      case 'busy':
        return { outcome: 'busy' };
      case 'failed':
        return complex('more than the parser can take');
      case 'syntax-error':
        return { outcome: 'denied', denial: syntaxError(parsed.message, parsed.offset), tooComplex: false };
      case 'tree':
        return this.#analyze(space, parsed.tree);
    }
  }

  #analyze(
    space: ReadingSpace,
    tree: Json,
  ):
    | { readonly outcome: 'entry'; readonly entry: SqlEntry; readonly freeConstants: ReadonlySet<number> }
    | Exclude<ReadOutcome, { readonly outcome: 'entry' }> {
    try {
      const analyzed = analyzeTree(tree, space.reading, (sql) => this.parseText(sql));
      return {
        outcome: 'entry',
        entry: new SqlEntry(analyzed.statements),
        freeConstants: analyzed.freeConstants,
      };
    } catch (error) {
      if (error instanceof ParserBusy) return { outcome: 'busy' };
      if (error instanceof Unreadable)
        return { outcome: 'denied', denial: unreadable(error.message), tooComplex: false };
      if (error instanceof RangeError) return complex('more than Sluice can walk');
      throw error;
    }
  }

  /** Parses text from the catalog or a function's body; throws Unreadable where it cannot. */
  parseText(sql: string): readonly AstNode[] {
    const bytes = Buffer.from(sql);
    this.#innerLexer.scan(bytes, 0, bytes.length);
    if (tooComplex(this.#innerLexer.complexity) !== null || bytes.length > CAPS.innerBytesMax) {
      throw new Unreadable('text inside the statement that is too complex');
    }
    const parsed = this.parser.parse(bytes, 0, bytes.length);
    if (parsed.outcome === 'busy') throw new ParserBusy();
    if (parsed.outcome !== 'tree') throw new Unreadable('text in the catalog that cannot be parsed');
    return statementsOf(parsed.tree);
  }
}

function complex(why: string): ReadOutcome & { outcome: 'denied' } {
  return {
    outcome: 'denied',
    tooComplex: true,
    denial: {
      sqlstate: '42501',
      message: `denied by rule "${COMPLEXITY_RULE}": the statement is ${why}`,
      detail: null,
      hint: 'Split it, or send the values as parameters or by COPY.',
      position: null,
      rule: COMPLEXITY_RULE,
      native: false,
    },
  };
}

/** The server's own message, since it would have said the same: the same grammar refused it. */
function syntaxError(message: string, offset: number | null): Denial {
  return {
    sqlstate: '42601',
    message,
    detail: null,
    hint: null,
    position: offset === null ? null : offset + 1,
    rule: UNPARSABLE_RULE,
    native: true,
  };
}

function unreadable(what: string): Denial {
  return {
    sqlstate: '42501',
    message: `denied by rule "${UNREADABLE_RULE}": Sluice cannot judge ${what}`,
    detail: null,
    hint: null,
    position: null,
    rule: UNREADABLE_RULE,
    native: false,
  };
}

const NOT_UTF8: Denial = {
  sqlstate: '22021',
  message: 'invalid byte sequence for encoding "UTF8"',
  detail: null,
  hint: null,
  position: null,
  rule: UNPARSABLE_RULE,
  native: true,
};

/** Spaces by mode, so that sessions in the same mode share one cache; the least recently made go first. */
export class ReadingSpaces {
  readonly #spaces = new Map<string, ReadingSpace>();

  of(reading: Reading): ReadingSpace {
    const key = JSON.stringify([reading.catalog.epoch, reading.path, reading.temporary]);
    const known = this.#spaces.get(key);
    if (known !== undefined && known.reading.catalog === reading.catalog) return known;
    const space: ReadingSpace = { reading, cache: new FactsCache() };
    this.#spaces.set(key, space);
    if (this.#spaces.size > SPACES_MAX) {
      for (const oldest of this.#spaces.keys()) {
        this.#spaces.delete(oldest);
        break;
      }
    }
    return space;
  }
}

const SPACES_MAX = 64;
