/**
 * Parses one long statement away from the event loop. The task is the text in a buffer of its own; the result is
 * what the parser said, its tree thinned out. Whoever asked sets the time limit and ends this thread when it is over.
 */
import { compact } from '../src/sql/postgres/compact.ts';
import { type ParseOutcome, type ParserMajor, PostgresParser } from '../src/sql/postgres/parser.ts';

export interface ParseTask {
  readonly major: ParserMajor;
  readonly text: Uint8Array;
  /** One element: set to 1 when parsing begins, so that starting a thread does not count against the limit. */
  readonly begun: Int32Array;
}

const parsers = new Map<ParserMajor, Promise<PostgresParser>>();

function parserFor(major: ParserMajor): Promise<PostgresParser> {
  const known = parsers.get(major) ?? PostgresParser.load(major);
  parsers.set(major, known);
  return known;
}

export async function parseStatement(task: ParseTask): Promise<ParseOutcome> {
  const parser = await parserFor(task.major);
  await parser.ready();
  Atomics.store(task.begun, 0, 1);
  const text = Buffer.from(task.text.buffer, task.text.byteOffset, task.text.byteLength);
  const outcome = parser.parse(text, 0, text.length);
  return outcome.outcome === 'tree' ? { outcome: 'tree', tree: compact(outcome.tree) } : outcome;
}
