/**
 * One session's wait for people: it asks for what its decisions ask for, is woken when that is settled, and uses up
 * what was granted. What it waits for is what it asked last: anything else takes back what was asked before.
 */
import {
  type Approvals,
  cancelledDenial,
  heldNotice,
  OPEN_MAX,
  pendingDenial,
  type Question,
  settledDenial,
  tooManyOpen,
} from '../approvals/index.ts';
import { ProxyError } from '../core/errors.ts';
import type { ApprovalAnswer } from '../core/gate.ts';
import type { Approval } from '../state/store.ts';

/** What is asked for and not answered yet. */
interface Wait {
  /** Digests of what is asked for. */
  readonly key: string;
  readonly questions: readonly Question[];
  /** Milliseconds since the epoch; null: until it is settled. */
  readonly untilMs: number | null;
  /** The client is held. */
  readonly waits: boolean;
  open: readonly Approval[];
  readonly told: Set<string>;
  answer: ApprovalAnswer | null;
  unwatch: readonly (() => void)[];
  looking: boolean;
  lookAgain: boolean;
  dropped: boolean;
}

const TAKE_TRIES = 5;
const PENDING: ApprovalAnswer = { answer: 'pending', notices: [] };

export class ApprovalWait {
  readonly #approvals: Approvals;
  readonly #wake: () => void;
  readonly #clock: () => number;
  #wait: Wait | null = null;

  constructor(approvals: Approvals, wake: () => void, clock: () => number) {
    this.#approvals = approvals;
    this.#wake = wake;
    this.#clock = clock;
  }

  get isActive(): boolean {
    return this.#wait !== null;
  }

  /** `waitMs`: how long the client is held; null: until it is settled; 0: not at all. */
  ask(questions: readonly Question[], waitMs: number | null): ApprovalAnswer {
    const key = questions.map(({ digest }) => digest).join();
    const known = this.#wait;
    if (known?.key === key) return this.#answerOf(known);
    this.drop();
    const wait: Wait = {
      key,
      questions,
      untilMs: waitMs === null ? null : this.#clock() + waitMs,
      waits: waitMs !== 0,
      open: [],
      told: new Set(),
      answer: null,
      unwatch: [],
      looking: false,
      lookAgain: false,
      dropped: false,
    };
    this.#wait = wait;
    this.#guarded(wait, () => this.#begin(wait));
    return PENDING;
  }

  #answerOf(wait: Wait): ApprovalAnswer {
    if (wait.answer !== null) {
      this.#wait = null;
      return wait.answer;
    }
    const notices = wait.open
      .filter(({ id }) => !wait.told.has(id))
      .map((one) => heldNotice(one, this.#approvals.urlOf(one.id)));
    for (const { id } of notices) wait.told.add(id);
    return { answer: 'pending', notices };
  }

  /** The client wants an end of it: the next `ask` of the same says so. */
  withdraw(): void {
    const wait = this.#wait;
    if (wait === null || wait.answer !== null) return;
    this.#end(wait);
    wait.answer = { answer: 'refused', denial: cancelledDenial(wait.questions[0]?.duty.rule ?? '') };
  }

  /** Nobody will ask for the answer any more. */
  drop(): void {
    const wait = this.#wait;
    if (wait === null) return;
    this.#wait = null;
    this.#end(wait);
  }

  /** What is open is taken back. */
  #end(wait: Wait): void {
    if (wait.dropped) return;
    wait.dropped = true;
    for (const unwatch of wait.unwatch) unwatch();
    if (!wait.waits) return;
    for (const { id } of wait.open) void this.#approvals.cancel(id);
  }

  #settle(wait: Wait, answer: ApprovalAnswer): void {
    if (wait.dropped || wait.answer !== null) return;
    for (const unwatch of wait.unwatch) unwatch();
    wait.unwatch = [];
    wait.answer = answer;
    this.#wake();
  }

  #guarded(wait: Wait, step: () => Promise<void>): void {
    step().catch((error: unknown) => {
      const cause = error instanceof Error ? error : new Error(String(error));
      this.#settle(wait, { answer: 'failed', error: new ProxyError('approvals-unavailable', { cause }) });
    });
  }

  async #begin(wait: Wait): Promise<void> {
    for (let n = 1; n <= TAKE_TRIES; n++) {
      const open: Approval[] = [];
      for (const question of wait.questions) {
        const begun = await this.#approvals.begin(question, wait.waits);
        if (begun.begun === 'too-many') {
          this.#settle(wait, { answer: 'refused', denial: tooManyOpen(question.duty.rule, OPEN_MAX) });
          return;
        }
        if (begun.begun === 'pending') open.push(begun.approval);
        // The client may be gone by now.
        if (wait.dropped) {
          if (wait.waits) for (const { id } of open) await this.#approvals.cancel(id);
          return;
        }
      }
      if (open.length > 0) {
        this.#opened(wait, open);
        return;
      }
      if (await this.#takeAll(wait)) return;
    }
    throw new Error('approvals are used up faster than they can be taken');
  }

  #opened(wait: Wait, open: readonly Approval[]): void {
    if (!wait.waits) {
      const denial = pendingDenial(open, (id) => this.#approvals.urlOf(id));
      this.#settle(wait, { answer: 'refused', denial });
      return;
    }
    wait.open = open;
    wait.unwatch = open.map(({ id }) => this.#approvals.wait(id, () => this.#look(wait)));
    this.#wake();
    // It may have been decided before anybody looked.
    this.#look(wait);
  }

  /** False where somebody else was faster with one of them. */
  async #takeAll(wait: Wait): Promise<boolean> {
    const ids: string[] = [];
    for (const { digest, principal } of wait.questions) {
      if (wait.dropped) return true;
      const taken = await this.#approvals.take(digest, principal);
      if (taken === null) return false;
      ids.push(taken.id);
    }
    this.#settle(wait, { answer: 'granted', approvals: ids });
    return true;
  }

  #look(wait: Wait): void {
    if (wait.dropped || wait.answer !== null) return;
    if (wait.looking) {
      wait.lookAgain = true;
      return;
    }
    wait.looking = true;
    this.#lookOnce(wait)
      // The store may come back before the request has expired.
      .catch(() => this.#late(wait))
      .finally(() => {
        wait.looking = false;
        if (!wait.lookAgain) return;
        wait.lookAgain = false;
        this.#look(wait);
      });
  }

  async #lookOnce(wait: Wait): Promise<void> {
    const states = await Promise.all(wait.open.map(({ id }) => this.#approvals.state(id)));
    if (wait.dropped || wait.answer !== null) return;
    const no = states.find((one) => one !== null && REFUSED.has(one.state));
    if (no != null) {
      const others = wait.open.filter(({ id }) => id !== no.id);
      this.#settle(wait, { answer: 'refused', denial: settledDenial(no) });
      for (const { id } of others) await this.#approvals.cancel(id);
      return;
    }
    if (states.every((one) => one !== null && one.state !== 'pending')) {
      for (const unwatch of wait.unwatch) unwatch();
      wait.unwatch = [];
      wait.open = [];
      if (!(await this.#takeAll(wait))) this.#guarded(wait, () => this.#begin(wait));
      return;
    }
    this.#late(wait);
  }

  /** The client waits no longer; its requests stay, for when it comes again. */
  #late(wait: Wait): void {
    const now = this.#clock();
    if (wait.untilMs !== null && now >= wait.untilMs) {
      const denial = pendingDenial(wait.open, (id) => this.#approvals.urlOf(id));
      this.#settle(wait, { answer: 'refused', denial });
      return;
    }
    // The store's clock decides; this is for when it cannot be asked.
    const [gone] = wait.open.filter(({ expiresAt }) => now > expiresAt + STORE_GRACE_MS);
    if (gone !== undefined)
      this.#settle(wait, { answer: 'refused', denial: settledDenial({ ...gone, state: 'expired' }) });
  }
}

const STORE_GRACE_MS = 10_000;
const REFUSED: ReadonlySet<string> = new Set(['denied', 'expired', 'cancelled']);
