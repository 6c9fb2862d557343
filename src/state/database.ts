/**
 * What the stores need of a database. Their SQL is written once, in Postgres' words: tables are named in full
 * (`sluice.approvals`), parameters are `$1`, rows that will be changed are read `FOR UPDATE`; the adapter of SQLite
 * rewrites these three. Numbers are whole and below 2^53.
 */
import { type Json, parseJson } from '../core/json.ts';
import type { Instant, StoreTopic } from './store.ts';

export type Value = string | number | null;
export type Row = Readonly<Record<string, unknown>>;

export interface Transaction {
  all(sql: string, ...values: readonly Value[]): Promise<readonly Row[]>;
  /** The store's clock at this very moment, not at the transaction's start. */
  now(): Promise<Instant>;
  /** Whoever watches the topic is told once this is committed. */
  changed(topic: StoreTopic): Promise<void>;
}

export interface Database {
  /** Commits what `run` did, or nothing where it throws. `run` waits for nothing but the transaction. */
  write<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** One consistent view of the data. */
  read<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  watch(topic: StoreTopic, callback: () => void): () => void;
  /** Rejects with StoreUnavailable where the store could not be used as it is or be made; changes and makes nothing. */
  inspect(): Promise<void>;
  close(): Promise<void>;
}

/** Turns the database's own clock into the store's; the identity unless a test plays with time. */
export type Clock = (own: Instant) => Instant;

export function textAt(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new Error(`the store has no text in ${column}`);
  return value;
}

/** Postgres gives its bigint as text. */
export function numberAt(row: Row, column: string): number {
  const value = row[column];
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) {
    throw new Error(`the store has no whole number in ${column}`);
  }
  return number;
}

export function textOrNullAt(row: Row, column: string): string | null {
  return row[column] === null ? null : textAt(row, column);
}

export function numberOrNullAt(row: Row, column: string): number | null {
  return row[column] === null ? null : numberAt(row, column);
}

/** One of a closed list of words. */
export function wordAt<Word extends string>(row: Row, column: string, words: readonly Word[]): Word {
  const value = textAt(row, column);
  const word = words.find((known) => known === value);
  if (word === undefined) throw new Error(`the store has an unknown word in ${column}: ${value}`);
  return word;
}

export function jsonAt(row: Row, column: string): Json {
  return parseJson(textAt(row, column));
}

export function textsAt(row: Row, column: string): readonly string[] {
  const value = jsonAt(row, column);
  if (!Array.isArray(value)) throw new Error(`the store has no list in ${column}`);
  return value.map(String);
}
