import type { Complexity } from './complexity.ts';

/**
 * How much of a statement the parser is asked to read. Each bound keeps far above what people, ORMs and dump
 * tools write and below what costs libpg-query more than a few milliseconds: it recurses once per nesting and
 * per operator of a chain, and its scanner goes over a run of operator characters, or of nested comments,
 * again for each of them (8,000 pluses in a row take it 150 ms, 32 KB of nested comments 360 ms).
 */
export const CAPS = {
  /** Larger statements are refused unread. */
  statementBytesMax: 1024 * 1024,
  depthMax: 128,
  chainMax: 500,
  combinationsMax: 500,
  /** A list of pairs of keys as an ORM writes it has two of them a row. */
  conditionsMax: 5_000,
  /** In one message; tools that restore dumps send them one by one. */
  statementsMax: 2_000,
  commentDepthMax: 32,
  operatorBytesMax: 128,
  /** Larger ones are parsed in a worker, so that the event loop is not held up. */
  inlineBytesMax: 8 * 1024,
  /** Views and function bodies are parsed on the event loop; larger ones count as not readable. */
  innerBytesMax: 64 * 1024,
  /** How long a worker may take over one statement. */
  workerMs: 90,
} as const;

/** What makes a statement of that measure too complex to judge, in words for its author; or null. */
export function tooComplex(measured: Complexity): string | null {
  if (measured.depth > CAPS.depthMax) return `nested ${measured.depth} deep, more than ${CAPS.depthMax}`;
  if (measured.chain > CAPS.chainMax)
    return `an expression of ${measured.chain} operators, more than ${CAPS.chainMax}`;
  if (measured.combinations > CAPS.combinationsMax) {
    return `${measured.combinations} joins and set operations, more than ${CAPS.combinationsMax}`;
  }
  if (measured.conditions > CAPS.conditionsMax)
    return `${measured.conditions} conditions joined by AND and OR, more than ${CAPS.conditionsMax}`;
  if (measured.statements > CAPS.statementsMax)
    return `${measured.statements} statements, more than ${CAPS.statementsMax}`;
  if (measured.commentDepth > CAPS.commentDepthMax) {
    return `comments nested ${measured.commentDepth} deep, more than ${CAPS.commentDepthMax}`;
  }
  if (measured.operatorBytes > CAPS.operatorBytesMax) {
    return `an operator of ${measured.operatorBytes} characters, more than ${CAPS.operatorBytesMax}`;
  }
  return null;
}
