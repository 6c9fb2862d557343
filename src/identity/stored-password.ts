/** A user's password as the configuration has it: the password itself, or what stands in its place. */
import { type MysqlVerifier, parseMysqlVerifier, verifierOf } from './mysql-password.ts';
import { makeVerifier, parseVerifier, type ScramVerifier } from './scram.ts';

export interface StoredPassword {
  /** For Postgres; null where the text is a verifier of MySQL's, which tells nothing that SCRAM could use. */
  readonly verifier: ScramVerifier | null;
  readonly mysql: MysqlVerifier;
}

export function readStoredPassword(text: string): StoredPassword {
  const scram = parseVerifier(text);
  if (scram !== null) return { verifier: scram, mysql: { kind: 'scram', scram } };
  const mysql = parseMysqlVerifier(text);
  if (mysql !== null) return { verifier: null, mysql };
  return { verifier: makeVerifier(text), mysql: verifierOf(text) };
}

/** The text is no password, but what may be written into a file in place of one. */
export function isVerifier(text: string): boolean {
  return parseVerifier(text) !== null || parseMysqlVerifier(text) !== null;
}
