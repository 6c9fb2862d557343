/** Requests that have no answer yet, of one direction: an answer is only one to a question that was let through. */
import type { RequestId } from './message.ts';
import type { Method } from './methods.ts';
import type { Revision } from './revisions.ts';

/** What is remembered of a request until its answer has come. */
export interface PendingRequest {
  readonly id: RequestId;
  readonly method: Method;
  /** The tool's, prompt's or resource's name; null where the method has none. */
  readonly name: string | null;
  /** By which its progress is told; null: it asked for none. */
  readonly progressToken: string | null;
  readonly revision: Revision;
}

export class PendingRequests {
  readonly #byId = new Map<string, PendingRequest>();
  readonly #byToken = new Map<string, PendingRequest>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Null: it is remembered. */
  add(request: PendingRequest): 'duplicate-id' | 'duplicate-token' | 'too-many' | null {
    if (this.#byId.has(request.id.key)) return 'duplicate-id';
    if (request.progressToken !== null && this.#byToken.has(request.progressToken)) return 'duplicate-token';
    if (this.#byId.size >= this.#max) return 'too-many';
    this.#byId.set(request.id.key, request);
    if (request.progressToken !== null) this.#byToken.set(request.progressToken, request);
    return null;
  }

  get(id: RequestId): PendingRequest | null {
    return this.#byId.get(id.key) ?? null;
  }

  withToken(token: string): PendingRequest | null {
    return this.#byToken.get(token) ?? null;
  }

  /** Its answer has come, or nobody waits for one any more. */
  take(id: RequestId): PendingRequest | null {
    const request = this.#byId.get(id.key);
    if (request === undefined) return null;
    this.#byId.delete(id.key);
    if (request.progressToken !== null) this.#byToken.delete(request.progressToken);
    return request;
  }

  *all(): Generator<PendingRequest> {
    yield* this.#byId.values();
  }
}
