/** What a document may be, and how strictly it is read. */
export interface JsonLimits {
  /** Bytes of the whole text. */
  readonly bytesMax: number;
  /** Containers inside of each other; a scalar has depth 0. */
  readonly depthMax: number;
  /** Values, those of members and items included. */
  readonly nodesMax: number;
  /**
   * True: what two parsers could read in two ways is refused: names that are alike but for case or form, NUL, lone
   * surrogates, numbers beyond a double. False: only what is no JSON, or has the same name twice. A rule's subject is
   * read canonically; an answer whose names are data (a map by user name has `Bob` and `bob`) need not be.
   */
  readonly canonical: boolean;
}

/** What clients send, and whatever rules read. */
export const CANONICAL_JSON: JsonLimits = {
  bytesMax: 16 * 1024 * 1024,
  depthMax: 128,
  nodesMax: 1_000_000,
  canonical: true,
};

/** What servers answer. */
export const PLAIN_JSON: JsonLimits = { ...CANONICAL_JSON, bytesMax: 64 * 1024 * 1024, canonical: false };

export type JsonFault =
  /** No JSON at all. */
  | 'syntax'
  /** More than white space behind the value. */
  | 'trailing'
  | 'byte-order-mark'
  | 'not-utf-8'
  | 'duplicate-name'
  /** Two names of one object are equal once case and form are left aside. */
  | 'similar-names'
  | 'nul'
  | 'lone-surrogate'
  /** Beyond what a double holds, so that one parser reads Infinity and another fails. */
  | 'number-range'
  | 'too-large'
  | 'too-deep'
  | 'too-many-values';

/** Why bytes are not read. `at` is a byte position in the source; `message` has no byte of the document in it. */
export interface JsonRefusal {
  readonly refused: JsonFault;
  readonly at: number;
  readonly message: string;
}

const MESSAGES: Readonly<Record<JsonFault, string>> = {
  syntax: 'not valid JSON',
  trailing: 'something follows the JSON value',
  'byte-order-mark': 'JSON begins with a byte order mark',
  'not-utf-8': 'JSON is not valid UTF-8',
  'duplicate-name': 'an object has the same name twice',
  'similar-names': 'an object has two names that differ in case or form only',
  nul: 'a string holds NUL',
  'lone-surrogate': 'a string holds half of a surrogate pair',
  'number-range': 'a number is larger than a double holds',
  'too-large': 'JSON is larger than it may be',
  'too-deep': 'JSON is nested deeper than it may be',
  'too-many-values': 'JSON holds more values than it may',
};

/** `from`: where the document begins, so that the message counts from there. */
export function refusal(refused: JsonFault, at: number, from: number): JsonRefusal {
  return { refused, at, message: `${MESSAGES[refused]} (byte ${at - from})` };
}
