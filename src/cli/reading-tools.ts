/** What statements are read with, shared by all listeners of a process and made when the first one needs it. */
import {
  MysqlReadPool,
  MysqlStatementReader,
  ParsePool,
  type ParserMajor,
  StatementReader,
} from '../sql/index.ts';

export class ReadingTools {
  readonly #postgres = new Map<ParserMajor, StatementReader>();
  #parsePool: ParsePool | null = null;
  #mysql: { readonly reader: MysqlStatementReader; readonly pool: MysqlReadPool } | null = null;

  /** Null until it is loaded. */
  postgresReader(major: ParserMajor): StatementReader | null {
    return this.#postgres.get(major) ?? null;
  }

  async loadPostgresReader(major: ParserMajor): Promise<StatementReader> {
    const reader = this.#postgres.get(major) ?? (await StatementReader.load(major));
    this.#postgres.set(major, reader);
    return reader;
  }

  get parsePool(): ParsePool {
    this.#parsePool ??= new ParsePool();
    return this.#parsePool;
  }

  get mysql(): { readonly reader: MysqlStatementReader; readonly pool: MysqlReadPool } {
    this.#mysql ??= { reader: new MysqlStatementReader(), pool: new MysqlReadPool() };
    return this.#mysql;
  }

  async close(): Promise<void> {
    await Promise.all([this.#parsePool?.close(), this.#mysql?.pool.close()]);
  }
}
