/** What a server says when it is to prepare a statement, in a mode of reading. */
import type { Connection } from 'mysql2';
import type { LexerMode } from '../../src/sql/mysql/token.ts';

/** The server quotes what it was given, as it was written: this cannot be the same. */
const QUOTED = /(?:near|native function|Unknown data type:) '[\s\S]*$/;

function lexerMode(version: string, sqlMode: string): LexerMode {
  const [, major = '0', minor = '0', patch = '0'] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  return {
    flavour: version.includes('MariaDB') ? 'mariadb' : 'mysql',
    version: Number(major) * 10_000 + Number(minor) * 100 + Number(patch),
    sqlMode: new Set(sqlMode.split(',').filter((name) => name !== '')),
  };
}

/** Sets the session's mode; gives what the lexer reads by then. */
export async function setMode(connection: Connection, sqlMode: string): Promise<LexerMode> {
  const version = await new Promise<string>((resolve, reject) => {
    connection.query(`SET sql_mode = '${sqlMode}'`, (error) => {
      if (error !== null) reject(error);
    });
    connection.query({ sql: 'SELECT version()', rowsAsArray: true }, (error, rows) => {
      if (error !== null) reject(error);
      else resolve(String(Array.isArray(rows) && Array.isArray(rows[0]) ? rows[0][0] : ''));
    });
  });
  return lexerMode(version, sqlMode);
}

/** `ok`, or what the server says against it, without the parts that quote the text. Rejects when the connection ends. */
export function prepared(connection: Connection, text: string, mode: LexerMode): Promise<string> {
  const doubled = text.replaceAll("'", "''");
  const literal = mode.sqlMode.has('NO_BACKSLASH_ESCAPES') ? doubled : doubled.replaceAll('\\', '\\\\');
  return new Promise((resolve, reject) => {
    connection.query(`PREPARE s FROM '${literal}'`, (error) => {
      if (error === null) resolve('ok');
      else if (error.errno === undefined || error.fatal) reject(error);
      else resolve(`${error.errno} ${error.message.replace(QUOTED, '')}`);
    });
  });
}
