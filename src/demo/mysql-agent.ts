/** The demo's agent on MySQL and MariaDB: mysql2, which has a connection string and no idea of Sluice. */
import mysql from 'mysql2';
import { type Agent, type Answer, type ServerError, shownRow, type TextRow } from './agent.ts';

export class MysqlAgent implements Agent {
  readonly #connection: mysql.Connection;

  private constructor(connection: mysql.Connection) {
    this.#connection = connection;
  }

  static async connect(url: string): Promise<MysqlAgent> {
    const connection = mysql.createConnection({
      uri: url,
      multipleStatements: true,
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
    });
    await new Promise<void>((resolve, reject) =>
      connection.connect((error) => (error === null ? resolve() : reject(error))),
    );
    // When Sluice stops, it ends this connection, which is no news.
    connection.on('error', () => {});
    return new MysqlAgent(connection);
  }

  ask(text: string, values: readonly string[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const rows: TextRow[] = [];
      let touched: number | null = null;
      const query =
        values.length === 0 ? this.#connection.query(text) : this.#connection.execute(text, [...values]);
      query.on('result', (result: mysql.RowDataPacket | mysql.ResultSetHeader) => {
        if (isHeader(result)) touched = result.affectedRows === 0 ? null : result.affectedRows;
        else rows.push(shownRow(result));
      });
      query.on('error', (error: mysql.QueryError) => {
        if (error.errno === undefined) reject(error);
        else resolve({ rows, touched: null, error: serverError(error) });
      });
      query.on('end', () => resolve({ rows, touched, error: null }));
    });
  }

  async end(): Promise<void> {
    await new Promise<void>((resolve) => this.#connection.end(() => resolve()));
  }
}

function isHeader(result: mysql.RowDataPacket | mysql.ResultSetHeader): result is mysql.ResultSetHeader {
  return result.constructor.name === 'ResultSetHeader';
}

function serverError({ errno, sqlState, message }: mysql.QueryError): ServerError {
  return { code: `${errno} (${sqlState ?? ''})`, message, detail: null, hint: null };
}
