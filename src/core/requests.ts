/** What policy can ask about a request that is no SQL: an HTTP request, or a call of MCP. */
import type { JsonDocument } from '../json/index.ts';
import type { Decision } from './decision.ts';
import type { ColumnMask, DetectedMask } from './masks.ts';

export type RequestFacts = HttpFacts | CallFacts;

export interface HttpFacts {
  readonly about: 'http';
  readonly method: string;
  /** As it is forwarded: normalised, percent-encoded, without query. */
  readonly path: string;
  /** Without its question mark; null where there is none. */
  readonly query: string | null;
  /** As the client addressed it, with its port where it gave one. */
  readonly host: string;
  /** What is forwarded and may be matched, by name in small letters; of fields that come more often, the values joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: BodyFacts;
}

/**
 * `unread`: there is one, but not one that Sluice reads; what it says may be anything. `open`: there is none yet, and what
 * is asked is whether any would pass.
 */
export type BodyFacts =
  | { readonly kind: 'none' | 'open' }
  | { readonly kind: 'json'; readonly document: JsonDocument; readonly node: number }
  | { readonly kind: 'unread' };

/** A request or notification of MCP. */
export interface CallFacts {
  readonly about: 'mcp';
  /** Such as `tools/call`. */
  readonly method: string;
  /** What it names; null where it names none. */
  readonly tool: string | null;
  /** A URI. */
  readonly resource: string | null;
  readonly prompt: string | null;
  readonly arguments: BodyFacts;
}

/** Values of a response that are masked by where they are. */
export interface PathMask extends ColumnMask {
  /** As `compileJsonPath` reads them. */
  readonly paths: readonly string[];
}

/** What is owed for a response. */
export interface ResponseMasks {
  readonly paths: readonly PathMask[];
  readonly detected: readonly DetectedMask[];
}

export interface RequestDecision extends Decision {
  /** Null: nothing is masked. */
  readonly response: ResponseMasks | null;
  /** JSON paths of what counts as a row over HTTP; none: the items of the longest list. */
  readonly items: readonly string[];
  /** Rules whose limit leaves the first rows of an answer in place of none. */
  readonly truncating: readonly string[];
}
