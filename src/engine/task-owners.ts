/**
 * Which call a task came of: rules on its tool and its arguments hold for its result as well, and nobody but who began it
 * may ask about it. The state store keeps them, so that any instance can be asked; the newest are at hand here. One that is
 * not known is nobody's.
 */
import type { BodyFacts, CallFacts } from '../core/requests.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../json/index.ts';
import { type StateStore, StoreUnavailable } from '../state/store.ts';

const TASKS_MAX = 20_000;
/** Of the arguments of all of them. */
const BYTES_MAX = 32 * 1024 * 1024;
/** What the store keeps of one owner: so many tasks, and arguments of each that are no longer than this. */
const OWN_TASKS_MAX = 1_000;
const STORED_BYTES_MAX = 64 * 1024;
/** How long the store keeps one whose server does not say how long it does. */
const UNSAID_MS = 7 * 86_400_000;
const KEPT_MS_MIN = 3_600_000;
const KEPT_MS_MAX = 30 * 86_400_000;
/** Asked for at once, of a list that has many. */
const LANES = 8;

interface Begun {
  readonly call: CallFacts;
  /** A copy: what is read of a request does not outlive it. Null: it had none. */
  readonly arguments: Buffer | 'unread' | null;
}

export interface TaskOwnersOptions {
  readonly listener: string;
  readonly store: Pick<StateStore, 'tasks'>;
  /** The store could not be used: the instance that a task began at is the only one that knows it. */
  missed(error: StoreUnavailable): void;
}

export class TaskOwners {
  readonly #options: TaskOwnersOptions;
  readonly #begun = new Map<string, Begun>();
  #bytes = 0;

  constructor(options: TaskOwnersOptions) {
    this.#options = options;
  }

  /** `owner`: as `identityKey` has it. `ttlMs`: how long the server keeps the task; null: it does not say. */
  async began(owner: string, task: string, call: CallFacts, ttlMs: number | null): Promise<void> {
    const given = call.arguments;
    const bytes = given.kind === 'json' ? Buffer.from(given.document.bytes(given.node)) : null;
    this.#keep(owner, task, { call: { ...call, arguments: { kind: 'none' } }, arguments: bytes });
    const { listener, store } = this.#options;
    const text = bytes === null || bytes.length > STORED_BYTES_MAX ? null : bytes.toString('utf8');
    const kept = {
      listener,
      owner,
      task,
      tool: call.tool ?? '',
      arguments: bytes === null ? null : (text ?? 'unread'),
    };
    const keptMs = ttlMs === null ? UNSAID_MS : Math.min(KEPT_MS_MAX, Math.max(KEPT_MS_MIN, ttlMs));
    try {
      await store.tasks.put(kept, Math.ceil(keptMs), OWN_TASKS_MAX);
    } catch (error) {
      this.#missed(error);
    }
  }

  /** Has what is known of these tasks at hand for `callOf`. What the store cannot say now is not known. */
  async recall(owner: string, tasks: readonly string[]): Promise<void> {
    const wanted = [...new Set(tasks)].filter((task) => !this.#begun.has(keyOf(owner, task)));
    const left = wanted.values();
    const lane = async () => {
      for (const task of left) await this.#recall(owner, task);
    };
    await Promise.all(Array.from({ length: Math.min(LANES, wanted.length) }, lane));
  }

  async #recall(owner: string, task: string): Promise<void> {
    const { listener, store } = this.#options;
    try {
      const found = await store.tasks.find({ listener, owner, task });
      if (found === null) return;
      const { tool, arguments: text } = found;
      const call = { about: 'mcp', method: 'tools/call', tool, resource: null, prompt: null } as const;
      const given = text === null || text === 'unread' ? text : Buffer.from(text);
      this.#keep(owner, task, { call: { ...call, arguments: { kind: 'none' } }, arguments: given });
    } catch (error) {
      this.#missed(error);
    }
  }

  #missed(error: unknown): void {
    if (!(error instanceof StoreUnavailable)) throw error;
    this.#options.missed(error);
  }

  #keep(owner: string, task: string, begun: Begun): void {
    const key = keyOf(owner, task);
    this.#forget(key);
    this.#begun.set(key, begun);
    this.#bytes += sizeOf(begun);
    for (const oldest of this.#begun.keys()) {
      if (oldest === key || (this.#begun.size <= TASKS_MAX && this.#bytes <= BYTES_MAX)) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#bytes -= sizeOf(this.#begun.get(key));
    this.#begun.delete(key);
  }

  /** Of those at hand. Null: this principal has begun no such task. */
  callOf(owner: string, task: string): CallFacts | null {
    const begun = this.#begun.get(keyOf(owner, task));
    return begun === undefined ? null : { ...begun.call, arguments: bodyOf(begun.arguments) };
  }
}

function sizeOf(begun: Begun | undefined): number {
  return Buffer.isBuffer(begun?.arguments) ? begun.arguments.length : 0;
}

function bodyOf(bytes: Buffer | 'unread' | null): BodyFacts {
  if (bytes === null) return { kind: 'none' };
  if (bytes === 'unread') return { kind: 'unread' };
  const document = scanJson(bytes, 0, bytes.length, { ...CANONICAL_JSON, bytesMax: bytes.length });
  return isRefused(document) ? { kind: 'unread' } : { kind: 'json', document, node: 0 };
}

function keyOf(owner: string, task: string): string {
  return JSON.stringify([owner, task]);
}
