import type { Brand } from './brand.ts';

/** One client connection's life, unique over restarts and instances; shown to people, so short and speakable. */
export type SessionId = Brand<string, 'SessionId'>;
/** One judged statement within a session, in order from 1: what a journal record and its result share. */
export type StatementNumber = Brand<number, 'StatementNumber'>;

const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz';

/** Mints a session id of 14 characters from 14 random bytes. */
export function sessionIdFrom(random: Uint8Array): SessionId {
  let id = '';
  for (const byte of random) id += ALPHABET[byte % ALPHABET.length];
  return id as SessionId;
}

/** Mints the n-th statement number of a session. */
export function statementNumber(n: number): StatementNumber {
  return n as StatementNumber;
}
