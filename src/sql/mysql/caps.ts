/**
 * How much of a statement is read, and where. Depth, chains and products of names are bounded where they arise: in
 * the parser's cursor and in the analysis, both of which refuse rather than go on.
 */
export const MYSQL_CAPS = {
  /** Larger texts are refused unread. mysqldump makes none larger, unless it is told to. */
  statementBytesMax: 1024 * 1024,
  /** Larger ones are read in a worker, so that the event loop is not held up: a few milliseconds of it. */
  inlineBytesMax: 16 * 1024,
  /** Views and generated columns of the catalog are read on the event loop; larger ones count as not readable. */
  innerBytesMax: 64 * 1024,
  /** In one text. */
  statementsMax: 2_000,
  /** How long a worker may take over one text; a text of the largest size takes a fraction of it. */
  workerMs: 500,
} as const;
