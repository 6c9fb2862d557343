/** The index of a journal as the event loop sees it: questions to a thread. A thread that dies is started again. */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type {
  Answer,
  FromThread,
  Question,
  RecordsPage,
  SessionPage,
  SessionQuery,
  Traffic,
} from './questions.ts';

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const ENTRY = new URL(`../../workers/index-journal.${EXTENSION}`, import.meta.url);
const ANSWER_MS_MAX = 15_000;

export class IndexUnavailable extends Error {
  override readonly name = 'IndexUnavailable';
}

interface Waiting {
  readonly settle: (answer: Answer) => void;
  readonly timer: NodeJS.Timeout;
}

export class IndexThread {
  readonly #directory: string;
  readonly #file: string | undefined;
  readonly #onError: (error: Error) => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #nextId = 1;
  #closed = false;
  /** Bytes of the journal that have not been read yet; null until it has been looked at. */
  leftBytes: number | null = null;

  /** `file`: where the index is kept, for whoever must not share the one beside the journal. */
  constructor(directory: string, onError: (error: Error) => void, file?: string) {
    this.#directory = directory;
    this.#file = file;
    this.#onError = onError;
    this.#start();
  }

  #start(): Worker {
    // The nursery's size of the main thread would be this one's too (see src/masking/mask-pool.ts).
    setFlagsFromString('--min-semi-space-size=0');
    setFlagsFromString('--max-semi-space-size=0');
    const worker = new Worker(ENTRY, {
      workerData: { directory: this.#directory, file: this.#file },
      resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 16 },
    });
    worker.on('message', (said: FromThread) => this.#hear(said));
    worker.on('error', (error) => this.#onError(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null;
      this.#failAll('the index of the journal has stopped');
    });
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #hear(said: FromThread): void {
    if ('leftBytes' in said) {
      this.leftBytes = said.leftBytes;
      return;
    }
    const waiting = this.#waiting.get(said.id);
    if (waiting === undefined) return;
    this.#waiting.delete(said.id);
    clearTimeout(waiting.timer);
    waiting.settle(said.answer);
  }

  #failAll(message: string): void {
    for (const { settle, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      settle({ answer: 'failed', message });
    }
    this.#waiting.clear();
  }

  async #ask(question: Question): Promise<Answer> {
    if (this.#closed) throw new IndexUnavailable('the index of the journal is closed');
    const worker = this.#worker ?? this.#start();
    const id = this.#nextId++;
    const answer = await new Promise<Answer>((settle) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        settle({ answer: 'failed', message: 'the index of the journal gave no answer in time' });
      }, ANSWER_MS_MAX);
      this.#waiting.set(id, { settle, timer });
      worker.postMessage({ id, question });
    });
    if (answer.answer === 'failed') throw new IndexUnavailable(answer.message);
    return answer;
  }

  async sessions(query: SessionQuery): Promise<SessionPage> {
    const answer = await this.#ask({ question: 'sessions', query });
    if (answer.answer !== 'sessions') throw new IndexUnavailable('an answer to another question');
    return answer.page;
  }

  async records(id: string, fromNumber: number, limit: number): Promise<RecordsPage | null> {
    const answer = await this.#ask({ question: 'records', id, fromNumber, limit });
    if (answer.answer !== 'records') throw new IndexUnavailable('an answer to another question');
    return answer.page;
  }

  async traffic(sinceMs: number, untilMs: number): Promise<Traffic> {
    const answer = await this.#ask({ question: 'traffic', query: { sinceMs, untilMs } });
    if (answer.answer !== 'traffic') throw new IndexUnavailable('an answer to another question');
    return answer.traffic;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }
}
