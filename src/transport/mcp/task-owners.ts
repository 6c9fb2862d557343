/**
 * Which call a task came of: rules on its tool and its arguments hold for its result as well, and nobody but who began it
 * may ask about it. Kept for the newest tasks; one that is not known is nobody's.
 */
import type { BodyFacts, CallFacts } from '../../core/requests.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../json/index.ts';

const TASKS_MAX = 20_000;
/** Of the arguments of all of them. */
const BYTES_MAX = 32 * 1024 * 1024;

interface Begun {
  readonly call: CallFacts;
  /** A copy: what is read of a request does not outlive it. Null: it had none. */
  readonly arguments: Buffer | null;
}

export class TaskOwners {
  readonly #begun = new Map<string, Begun>();
  #bytes = 0;

  began(principal: string, task: string, call: CallFacts): void {
    const key = keyOf(principal, task);
    this.#forget(key);
    const given = call.arguments;
    const bytes = given.kind === 'json' ? Buffer.from(given.document.bytes(given.node)) : null;
    this.#begun.set(key, { call: { ...call, arguments: { kind: 'none' } }, arguments: bytes });
    this.#bytes += bytes?.length ?? 0;
    for (const oldest of this.#begun.keys()) {
      if (oldest === key || (this.#begun.size <= TASKS_MAX && this.#bytes <= BYTES_MAX)) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#begun.get(key)?.arguments?.length ?? 0;
    this.#begun.delete(key);
  }

  /** Null: this principal has begun no such task. */
  callOf(principal: string, task: string): CallFacts | null {
    const begun = this.#begun.get(keyOf(principal, task));
    return begun === undefined ? null : { ...begun.call, arguments: bodyOf(begun.arguments) };
  }
}

function bodyOf(bytes: Buffer | null): BodyFacts {
  if (bytes === null) return { kind: 'none' };
  const document = scanJson(bytes, 0, bytes.length, { ...CANONICAL_JSON, bytesMax: bytes.length });
  return isRefused(document) ? { kind: 'unread' } : { kind: 'json', document, node: 0 };
}

function keyOf(principal: string, task: string): string {
  return JSON.stringify([principal, task]);
}
