/** The demo's agent: an ordinary client that has a connection string and no idea of Sluice. On Postgres, node-postgres. */
import { Client, type CustomTypesConfig, type DatabaseError, Query } from 'pg';

/** A row by the names of its columns. Cells are the text that was on the wire; null is NULL. */
export type TextRow = Readonly<Record<string, string | null>>;

/** What came back for one statement: rows, then perhaps an error. */
export interface Answer {
  readonly rows: readonly TextRow[];
  /** Rows that a write touched; null where the statement was no write. */
  readonly touched: number | null;
  readonly error: ServerError | null;
}

/** An error as a driver shows it. */
export interface ServerError {
  /** As the server's own client prints it: `42501`, `1142 (42000)`. */
  readonly code: string;
  readonly message: string;
  readonly detail: string | null;
  readonly hint: string | null;
}

/** A row of a driver's, its values as text. */
export function shownRow(row: Readonly<Record<string, unknown>>): TextRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)]),
  );
}

const WRITES: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);
const AS_TEXT: CustomTypesConfig = { getTypeParser: () => (value: string) => value };

export interface Agent {
  /** Sends one statement; with values, as a prepared one. Never rejects for what the server says. */
  ask(text: string, values?: readonly string[]): Promise<Answer>;
  end(): Promise<void>;
}

export class PostgresAgent implements Agent {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  static async connect(url: string): Promise<PostgresAgent> {
    const client = new Client({ connectionString: url, application_name: 'demo agent' });
    // When Sluice stops, it ends this connection, which is no news.
    client.on('error', () => {});
    await client.connect();
    return new PostgresAgent(client);
  }

  ask(text: string, values: readonly string[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const rows: TextRow[] = [];
      const query = new Query<Record<string, string | null>>({ text, values: [...values], types: AS_TEXT });
      query.on('row', (row) => rows.push(row));
      query.on('error', (error: DatabaseError | Error) => {
        if ('severity' in error) resolve({ rows, touched: null, error: serverError(error) });
        else reject(error);
      });
      query.on('end', (result) => {
        const touched = WRITES.has(result.command) ? result.rowCount : null;
        resolve({ rows, touched, error: null });
      });
      this.#client.query(query);
    });
  }

  async end(): Promise<void> {
    await this.#client.end();
  }
}

function serverError(error: DatabaseError): ServerError {
  const { code, message, detail, hint } = error;
  return { code: code ?? '', message, detail: detail ?? null, hint: hint ?? null };
}
