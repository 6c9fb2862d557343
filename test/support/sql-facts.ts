/** Facts of statements over a schema, for tests of how SQL is read. */
import { readFileSync } from 'node:fs';
import { effectsOf } from '../../src/core/effects.ts';
import { accessOf, type RowBound, type StatementFacts, type TemporaryTable } from '../../src/core/facts.ts';
import { FactsCache } from '../../src/sql/facts-cache.ts';
import {
  type Catalog,
  catalogFromSchemaFile,
  type ParserMajor,
  StatementReader,
} from '../../src/sql/index.ts';
import type { ReadingSpace, ReadOutcome } from '../../src/sql/postgres/reader.ts';

const SHOP = new URL('../../fixtures/shop/schema.sql', import.meta.url);

export interface Mode {
  readonly path?: readonly string[] | null;
  readonly temporary?: readonly TemporaryTable[];
}

export class FactsBench {
  readonly reader: StatementReader;
  readonly catalog: Catalog;

  private constructor(reader: StatementReader, catalog: Catalog) {
    this.reader = reader;
    this.catalog = catalog;
  }

  /** `schema` is the text of a schema file; the sample shop's unless told otherwise. */
  static async load(major: ParserMajor, schema = readFileSync(SHOP, 'utf8')): Promise<FactsBench> {
    const reader = await StatementReader.load(major);
    return new FactsBench(reader, catalogFromSchemaFile(schema, reader));
  }

  space(mode: Mode = {}): ReadingSpace {
    const path = mode.path === undefined ? ['pg_catalog', 'shop', 'public'] : mode.path;
    const reading = { catalog: this.catalog, path, temporary: mode.temporary ?? [] };
    return { reading, cache: new FactsCache() };
  }

  /** Reads in `space`, waiting for a parser where one has to be made first. */
  async read(space: ReadingSpace, text: string | Buffer): Promise<ReadOutcome> {
    const bytes = Buffer.from(text);
    for (;;) {
      const outcome = this.reader.read(space, bytes, 0, bytes.length);
      if (outcome.outcome !== 'busy') return outcome;
      await this.reader.parser.ready();
    }
  }

  /** Facts of each statement in the text, with nothing cached; throws with the denial's message. */
  async facts(text: string, mode: Mode = {}): Promise<readonly StatementFacts[]> {
    const outcome = await this.read(this.space(mode), text);
    if (outcome.outcome === 'entry') return outcome.entry.statements;
    throw new Error(`${outcome.outcome === 'denied' ? outcome.denial.message : outcome.outcome}: ${text}`);
  }

  async fact(text: string, mode: Mode = {}): Promise<StatementFacts> {
    const [only, ...more] = await this.facts(text, mode);
    if (only === undefined || more.length > 0) throw new Error(`not one statement: ${text}`);
    return only;
  }
}

/** `read write`, in the order of the table of effects. */
export function effectWords(facts: StatementFacts): string {
  return effectsOf(facts.effects).join(' ');
}

/** `shop.orders:read shop.secrets:write`, sorted; those reached through inheritance in parentheses. */
export function relationWords(facts: StatementFacts, role?: 'direct' | 'view' | 'inherited'): string {
  return facts.relations
    .filter((use) => role === undefined || use.role === role)
    .map((use) => `${use.schema ?? '?'}.${use.name}:${accessOf(use)}`)
    .sort()
    .join(' ');
}

/** `shop.orders.id:filter`, sorted. */
export function columnWords(facts: StatementFacts): string {
  return facts.columns
    .map((use) => `${use.schema ?? '?'}.${use.table}.${use.column}:${use.place}`)
    .sort()
    .join(' ');
}

/** `pg_catalog.lower:immutable`, sorted. */
export function functionWords(facts: StatementFacts): string {
  return facts.functions
    .map((use) => `${use.schema ?? '?'}.${use.name}:${use.volatility}`)
    .sort()
    .join(' ');
}

/** `5`, `$1`, `unbounded`, `system` or `none`. */
export function boundWord(bound: RowBound): string {
  switch (bound.kind) {
    case 'rows':
      return String(bound.max);
    case 'parameter':
      return `$${bound.index}`;
    default:
      return bound.kind;
  }
}
