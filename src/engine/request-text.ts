/** Requests as the journal and approvers get them, and what came of asking whether one may run. */
import type { Denial } from '../core/decision.ts';
import type { ProxyError } from '../core/errors.ts';
import type { ApprovalNotice, Via } from '../core/gate.ts';
import type { RequestFacts } from '../core/requests.ts';

/** A request as the journal and approvers get it. */
export interface RequestText {
  readonly via: Via;
  /** What it asks, as people read it: the request line and what of the head has a meaning. */
  readonly text: Buffer;
  /** Its body or arguments; null where there are none. */
  readonly body: Buffer | null;
  /** More members for its records, as JSON, such as the id by which a protocol knows it. */
  readonly members?: string;
  /** The id by which a protocol knows it, in JSON. */
  readonly request?: string;
  /** The trace that it is part of, 32 hexadecimal digits. */
  readonly trace?: string | null;
}

export type Cleared =
  | { readonly cleared: 'runs' }
  | { readonly cleared: 'denied'; readonly denial: Denial }
  | { readonly cleared: 'failed'; readonly error: ProxyError };

/** How somebody waits for people. */
export interface Waiting {
  /** As long as the rule says; otherwise not at all, and a request that was approved is sent again. */
  readonly holds: boolean;
  /** For whom it waits, once for each approval. */
  told(notice: ApprovalNotice): void;
}

export const WAITS: Waiting = { holds: true, told() {} };

/** Where a client can say why it asks. */
export const REASON_HINTS: Readonly<Record<RequestFacts['about'], string>> = {
  http: 'Say it in the header field X-Sluice-Reason.',
  mcp: 'Say it in the member dev.sluice/reason of _meta.',
};
