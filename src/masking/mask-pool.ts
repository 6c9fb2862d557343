/** Threads that mask batches. One that throws, hangs or dies fails its batch and nothing else; a new one takes its place. */
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Piscina } from 'piscina';
import { type DocumentPlan, postableDocumentPlan } from './documents/document-plan.ts';
import {
  type AskedMasks,
  type DocumentTask,
  isMaskedDocument,
  type MaskedDocument,
} from './documents/document-task.ts';
import { type MaskPlan, postablePlan } from './plan.ts';

export interface MaskTask {
  readonly plan: MaskPlan;
  readonly batch: ArrayBuffer;
  /** One element: set to 1 when masking begins, so that waiting does not count against the deadline. */
  readonly begun: Int32Array<SharedArrayBuffer>;
}

export interface MaskPoolOptions {
  readonly threads: number;
  /** How long one batch may take once a thread has begun it. */
  readonly deadlineMs: number;
  /** Bytes of all batches that wait or are masked; over it, `full` is true. */
  readonly bytesMax: number;
  /** The module that the threads run, which exports `maskCells`. */
  readonly entry: URL;
}

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** Of each process. More than these, one event loop does not feed. */
const THREADS_MAX = 4;

export const MASK_POOL_DEFAULTS: MaskPoolOptions = {
  // The event loop has a core of its own, and what it serves others comes first.
  threads: Math.min(Math.max(availableParallelism() - 1, 1), THREADS_MAX),
  deadlineMs: 5_000,
  bytesMax: 16 * 1024 * 1024,
  entry: new URL(`../../workers/mask-cells.${EXTENSION}`, import.meta.url),
};

const DOCUMENT_ENTRY = new URL(`../../workers/mask-document.${EXTENSION}`, import.meta.url);
/** For so much of a document a thread has as long as for a batch. */
const DEADLINE_BYTES = 4 * 1024 * 1024;

/** How long a thread may take to start, beside the time for the batch. */
const START_MS_MAX = 10_000;
const LOOKS_PER_DEADLINE = 10;
/** Of 0 to 19: on a core that others want, a thread gets a tenth (sched(7)). With 19 it might miss its deadline. */
const NICENESS = 10;

/** Batches live outside of the heap: what a thread makes beside them is little, and dies young. */
const YOUNG_MB_MAX = 4;

/**
 * The size that the command line gives to the nursery of the main thread would go before the limit of each thread, and
 * cost 24 MB for each. The main thread's heap is made already, so that this changes only those that are made from now on.
 */
function letThreadsBeSmall(): void {
  setFlagsFromString('--min-semi-space-size=0');
  setFlagsFromString('--max-semi-space-size=0');
}

/** Piscina takes a list; its declared type has become the options of `postMessage`, which also name a list. */
function transferOf(batch: ArrayBuffer): ArrayBuffer[] & { transfer: ArrayBuffer[] } {
  return Object.assign([batch], { transfer: [batch] });
}

/** A batch that could not be masked. Its result ends with an error; none of its cells may be passed. */
export class MaskFailure extends Error {
  override readonly name = 'MaskFailure';
  readonly reason: 'threw' | 'hung' | 'closed';

  constructor(reason: MaskFailure['reason'], cause?: unknown) {
    super(`masking failed: a worker ${reason === 'closed' ? 'was closed' : reason}`, { cause });
    this.reason = reason;
  }
}

interface Running {
  readonly begun: Int32Array<SharedArrayBuffer>;
  readonly abort: AbortController;
  readonly askedMs: number;
  readonly deadlineMs: number;
  /** 0: not begun yet. */
  beganMs: number;
  hung: boolean;
}

export class MaskPool {
  readonly #pool: Piscina;
  readonly #options: MaskPoolOptions;
  readonly #running = new Set<Running>();
  readonly #waiters = new Set<() => void>();
  /** Of batches that are through. Each takes a page, and threads seldom collect: a new one for each batch adds up. */
  readonly #idleFlags: Int32Array<SharedArrayBuffer>[] = [];
  readonly #plans = new WeakMap<MaskPlan, MaskPlan>();
  readonly #documentPlans = new WeakMap<DocumentPlan, DocumentPlan>();
  readonly #entries: Readonly<
    Record<'cells' | 'documents', { readonly filename: string; readonly name: string }>
  >;
  #watch: NodeJS.Timeout | null = null;
  #bytes = 0;
  #closed = false;

  constructor(options: Partial<MaskPoolOptions> = {}) {
    this.#options = { ...MASK_POOL_DEFAULTS, ...options };
    this.#entries = {
      cells: { filename: this.#options.entry.href, name: 'maskCells' },
      documents: { filename: DOCUMENT_ENTRY.href, name: 'maskDocument' },
    };
    letThreadsBeSmall();
    this.#pool = new Piscina({
      filename: this.#options.entry.href,
      name: 'maskCells',
      minThreads: this.#options.threads,
      maxThreads: this.#options.threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Linux and Windows: whoever waits for one row does not wait for the cores on which millions are masked.
      niceIncrement: NICENESS,
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: YOUNG_MB_MAX },
    });
    // What fails outside of a task fails no task; the pool has started another thread by then.
    this.#pool.on('error', () => {});
  }

  /** True while as much waits as may wait: nothing more should be read for masking. */
  get full(): boolean {
    return this.#bytes >= this.#options.bytesMax;
  }

  /** Calls back once, as soon as the pool is not full any more. */
  whenRoom(callback: () => void): void {
    this.#waiters.add(callback);
  }

  /** Masks a batch, whose memory goes to a thread: it is empty afterwards. Rejects with MaskFailure only. */
  async mask(plan: MaskPlan, batch: ArrayBuffer): Promise<ArrayBuffer> {
    const posted = this.#postable(plan);
    const { filename } = this.#entries.cells;
    const masked = await this.#run(
      this.#entries.cells,
      batch,
      this.#options.deadlineMs,
      (begun): MaskTask => {
        return { plan: posted, batch, begun };
      },
    );
    if (!(masked instanceof ArrayBuffer)) throw new MaskFailure('threw', `${filename} gave back no batch`);
    return masked;
  }

  /** The same for a document or a text; `bytes` has to be all of its memory. Rejects with MaskFailure only. */
  async maskDocument(
    plan: DocumentPlan,
    bytes: Uint8Array<ArrayBuffer>,
    asked: AskedMasks,
  ): Promise<MaskedDocument> {
    const posted = this.#documentPlans.get(plan) ?? postableDocumentPlan(plan);
    this.#documentPlans.set(plan, posted);
    const deadlineMs = this.#options.deadlineMs * (1 + bytes.length / DEADLINE_BYTES);
    const masked = await this.#run(
      this.#entries.documents,
      bytes.buffer,
      deadlineMs,
      (begun): DocumentTask => {
        return { plan: posted, bytes, asked, begun };
      },
    );
    if (!isMaskedDocument(masked)) throw new MaskFailure('threw', 'a worker gave back no document');
    return masked;
  }

  async #run(
    entry: { readonly filename: string; readonly name: string },
    memory: ArrayBuffer,
    deadlineMs: number,
    taskOf: (begun: Running['begun']) => MaskTask | DocumentTask,
  ): Promise<unknown> {
    if (this.#closed) throw new MaskFailure('closed');
    const bytes = memory.byteLength;
    const running: Running = {
      begun: this.#idleFlags.pop() ?? new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
      abort: new AbortController(),
      askedMs: performance.now(),
      deadlineMs,
      beganMs: 0,
      hung: false,
    };
    this.#running.add(running);
    this.#bytes += bytes;
    this.#startWatch();
    try {
      const masked: unknown = await this.#pool.run(taskOf(running.begun), {
        ...entry,
        transferList: transferOf(memory),
        signal: running.abort.signal,
      });
      running.begun[0] = 0;
      this.#idleFlags.push(running.begun);
      return masked;
    } catch (error) {
      throw new MaskFailure(running.hung ? 'hung' : this.#closed ? 'closed' : 'threw', error);
    } finally {
      this.#running.delete(running);
      this.#bytes -= bytes;
      this.#release();
    }
  }

  #postable(plan: MaskPlan): MaskPlan {
    const known = this.#plans.get(plan) ?? postablePlan(plan);
    this.#plans.set(plan, known);
    return known;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
    await this.#pool.destroy();
  }

  #release(): void {
    if (this.#running.size === 0 && this.#watch !== null) {
      clearInterval(this.#watch);
      this.#watch = null;
    }
    if (this.full) return;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter();
  }

  #startWatch(): void {
    if (this.#watch !== null) return;
    this.#watch = setInterval(() => this.#look(), Math.max(5, this.#options.deadlineMs / LOOKS_PER_DEADLINE));
  }

  /** Ends threads that are over their time: whether one is stuck or only slow, its session does not wait for it. */
  #look(): void {
    const now = performance.now();
    for (const running of this.#running) {
      if (running.beganMs === 0 && Atomics.load(running.begun, 0) === 1) running.beganMs = now;
      const { beganMs, askedMs, deadlineMs } = running;
      const late =
        beganMs === 0
          ? this.#idle() && now - askedMs > START_MS_MAX + deadlineMs
          : now - beganMs > deadlineMs;
      if (!late || running.hung) continue;
      running.hung = true;
      running.abort.abort();
    }
  }

  /** Nothing is being masked: what has not begun does not wait behind others, its thread does not start. */
  #idle(): boolean {
    for (const { beganMs } of this.#running) if (beganMs !== 0) return false;
    return true;
  }
}
