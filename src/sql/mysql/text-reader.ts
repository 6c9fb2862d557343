/** One text in one mode: tokens, trees, facts. Whatever goes wrong on the way is a denial; nothing is thrown. */
import type { Denial } from '../../core/decision.ts';
import type { StatementFacts } from '../../core/facts.ts';
import type { InnerParser } from './analysis.ts';
import type { Expression, ParsedStatement, Query } from './ast.ts';
import { MYSQL_CAPS } from './caps.ts';
import type { MysqlReading } from './catalog-model.ts';
import { analyzeStatements } from './facts.ts';
import { Lexer, type ScanResult } from './lexer.ts';
import { parseExpressionText, parseQueryText, parseStatements, UnreadableSyntax } from './parser/index.ts';
import {
  complexDenial,
  EMPTY_QUERY,
  NO_DATABASE,
  syntaxDenial,
  unlexableDenial,
  unreadableDenial,
} from './reading-denials.ts';
import { unreadMode } from './sql-mode.ts';
import type { LexerMode } from './token.ts';
import { NoDatabase, Unreadable } from './unreadable.ts';

export type TextReading =
  | {
      readonly outcome: 'facts';
      readonly statements: readonly StatementFacts[];
      /** Byte offsets of the literals that no fact depends on. */
      readonly freeConstants: ReadonlySet<number>;
    }
  | TextDenial;

export interface TextDenial {
  readonly outcome: 'denied';
  readonly denial: Denial;
  readonly tooComplex: boolean;
}

export function modeOf(reading: Pick<MysqlReading, 'catalog' | 'sqlMode'>): LexerMode {
  const { flavour, version } = reading.catalog.traits;
  return { flavour, version, sqlMode: reading.sqlMode };
}

export class TextReader {
  readonly lexer = new Lexer();
  /** For texts within texts, which are read while `lexer` still holds the outer one's literals. */
  readonly #innerLexer = new Lexer();

  scan(bytes: Buffer, start: number, end: number, mode: LexerMode): ScanResult {
    return this.lexer.scan(bytes, start, statementsEnd(bytes, start, end), mode);
  }

  /** Reads `bytes[start, end)`, which the lexer has just scanned in the reading's mode, with that result. */
  analyze(
    bytes: Buffer,
    start: number,
    end: number,
    scanned: ScanResult,
    reading: MysqlReading,
  ): TextReading {
    if (scanned.outcome === 'unreadable') return denied(unlexableDenial(scanned.reason));
    const unread = unreadMode(reading.sqlMode);
    if (unread !== null) return denied(unreadableDenial(`text in sql_mode ${unread}: set another`));
    if (isBlank(bytes, start, end)) return denied(EMPTY_QUERY);
    const mode = modeOf(reading);
    try {
      const parsed = parseStatements(this.lexer, mode);
      if (parsed.length > MYSQL_CAPS.statementsMax) {
        return tooComplex(`${parsed.length} statements, more than ${MYSQL_CAPS.statementsMax}`);
      }
      return { outcome: 'facts', ...analyzeStatements(parsed, reading, this.#innerParser(mode)) };
    } catch (error) {
      return deniedBy(error, mode, bytes, start, end);
    }
  }

  /** Texts of the catalog are written in no mode; texts that a statement holds are read in its session's. */
  #innerParser(mode: LexerMode): InnerParser {
    const plain: LexerMode = { ...mode, sqlMode: NO_MODE };
    return {
      query: (text): Query => parseQueryText(this.#innerTokens(text, plain), plain),
      expression: (text): Expression => parseExpressionText(this.#innerTokens(text, plain), plain),
      statements: (text): readonly ParsedStatement[] => parseStatements(this.#innerTokens(text, mode), mode),
    };
  }

  #innerTokens(text: string, mode: LexerMode): Lexer {
    const bytes = Buffer.from(text);
    if (bytes.length > MYSQL_CAPS.innerBytesMax) {
      throw new Unreadable('text inside the statement that is too long');
    }
    const scanned = this.#innerLexer.scan(bytes, 0, bytes.length, mode);
    if (scanned.outcome === 'unreadable')
      throw new Unreadable(`text inside the statement: ${scanned.reason}`);
    return this.#innerLexer;
  }
}

const NO_MODE: ReadonlySet<string> = new Set();

function deniedBy(error: unknown, mode: LexerMode, bytes: Buffer, start: number, end: number): TextDenial {
  if (error instanceof UnreadableSyntax) {
    return denied(syntaxDenial(mode.flavour, bytes.subarray(start, end), error.offset));
  }
  if (error instanceof NoDatabase) return denied(NO_DATABASE);
  if (error instanceof Unreadable) return denied(unreadableDenial(error.message));
  if (error instanceof RangeError) return tooComplex('more than Sluice can walk');
  throw error;
}

/** The server finds nothing to do in spaces and semicolons, and says so; a comment it takes for a statement. */
function isBlank(bytes: Buffer, start: number, end: number): boolean {
  return statementsEnd(bytes, start, end) === start;
}

/** The server takes spaces and semicolons off the end of a text before it reads it, however many there are. */
function statementsEnd(bytes: Buffer, start: number, end: number): number {
  let at = end;
  for (; at > start; at--) {
    const byte = bytes[at - 1] ?? 0;
    if (byte !== SEMICOLON && byte !== 0x20 && (byte < 0x09 || byte > 0x0d)) return at;
  }
  return at;
}

const SEMICOLON = 0x3b;

function denied(denial: Denial): TextDenial {
  return { outcome: 'denied', denial, tooComplex: false };
}

export function tooComplex(why: string): TextDenial {
  return { outcome: 'denied', denial: complexDenial(why), tooComplex: true };
}

/** The statements of a text as they stand in it, for display; null where it cannot be cut into them. */
export function statementTextsIn(bytes: Buffer, mode: LexerMode): readonly string[] | null {
  const lexer = new Lexer();
  if (lexer.scan(bytes, 0, bytes.length, mode).outcome === 'unreadable') return null;
  try {
    return parseStatements(lexer, mode).map(({ start, end }) => bytes.toString('utf8', start, end));
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}
