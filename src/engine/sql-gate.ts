/**
 * The gate of one SQL session: the order in which facts, policy and journal are asked (DESIGN 3). Synchronous
 * where everything is at hand, so that a statement seen before costs a look-up; `pending` where it is not.
 */
import type { CanaryPort } from '../core/alerts.ts';
import type { Decision, Denial, JudgedStatement } from '../core/decision.ts';
import { ProxyError } from '../core/errors.ts';
import type { StatementFacts, TemporaryTable } from '../core/facts.ts';
import type {
  ApprovalAnswer,
  ApprovalSubject,
  PausedResult,
  RunResult,
  SqlAnswer,
  SqlGate,
  StatementEntry,
} from '../core/gate.ts';
import type { SessionId, StatementNumber } from '../core/ids.ts';
import type { Clearance } from '../core/judgement.ts';
import type { CellMasks, MaskDuties, ResultField, ResultMasking } from '../core/masks.ts';
import type { SessionContext } from '../core/principal.ts';
import type { ResponseRecorder } from '../core/responses.ts';
import type { PolicyContext } from '../policy/policy.ts';
import type { SessionReader, SqlEntry } from '../sql/index.ts';
import { StatementApprovals } from './approvals.ts';
import type { SessionCause } from './causes.ts';
import { denialFrom } from './denials.ts';
import { defines, touchesData } from './entry-needs.ts';
import { decideBound, judgeAll } from './judge-statement.ts';
import { unreadableMembers } from './records.ts';
import { ResponseRecords } from './response-records.ts';
import { SessionAlerts } from './session-alerts.ts';
import { SessionSpending } from './spending.ts';
import type { SqlDomain } from './sql-domain.ts';
import { StatementRecords } from './statement-records.ts';

/** A session that keeps sending what cannot be judged in bounded time is ended after this many. */
const STRIKES_MAX = 5;

export class SessionGate implements SqlGate {
  readonly #domain: SqlDomain;
  readonly records: StatementRecords;
  readonly #responses: ResponseRecords;
  readonly #context: SessionContext;
  readonly #inEvent: (step: () => void) => void;
  readonly #onWake: () => void;
  #policyContext: PolicyContext;
  #policyVersion = '';
  readonly #reader: SessionReader;
  #readerStamp: number;
  #stamp = 1;
  #uncommitted = false;
  #strikes = 0;
  readonly #approvals: StatementApprovals;
  readonly spending: SessionSpending;
  readonly #alerts: SessionAlerts;
  /** Why the last wait was in vain; the statement that waited fails by it. */
  #waitFailure: Error | null = null;

  /** `inEvent` runs a step of the session later on, and sends what comes of it; `onWake` is that step for answers. `cause`: what it all is for. */
  constructor(
    domain: SqlDomain,
    session: SessionId,
    context: SessionContext,
    inEvent: (step: () => void) => void,
    onWake: () => void,
    cause: SessionCause | null = null,
  ) {
    this.#domain = domain;
    this.#alerts = new SessionAlerts(domain.alerts, session, context);
    this.records = new StatementRecords(session, domain, this.#alerts, cause);
    this.#responses = new ResponseRecords(session, domain);
    this.#context = context;
    this.#inEvent = inEvent;
    this.#onWake = onWake;
    this.#reader = domain.dialect.newReader();
    this.#readerStamp = this.#reader.stamp;
    this.#policyContext = domain.policy.current.contextFor(context, domain.clock());
    this.#policyVersion = domain.policy.current.version;
    this.#alerts.duties = this.#policyContext.alerts;
    const wake = () => this.#wake();
    this.#approvals = new StatementApprovals(domain, session, context, wake);
    this.spending = new SessionSpending(domain.spendings, context, domain.upstream, wake);
  }

  #wake(): void {
    this.#inEvent(this.#onWake);
  }

  get stamp(): number {
    this.#notice();
    // While the catalog is known to be out of date nothing holds: not a number, and so equal to no stamp.
    return this.#domain.catalog.isStale ? Number.NaN : this.#stamp;
  }

  get canaries(): CanaryPort | null {
    return this.#alerts.canaries;
  }

  get canRecord(): boolean {
    const { journal } = this.#domain;
    return journal.healthy || journal.tryRecover();
  }

  /** Takes note of a new policy, catalog or hour. */
  #notice(): void {
    const { policy } = this.#domain;
    if (
      policy.current.version !== this.#policyVersion ||
      this.#policyContext.validUntilMs !== Number.POSITIVE_INFINITY
    ) {
      const now = this.#domain.clock();
      if (policy.current.version !== this.#policyVersion || now >= this.#policyContext.validUntilMs) {
        const before = this.#policyContext.id;
        this.#policyVersion = policy.current.version;
        this.#policyContext = policy.current.contextFor(this.#context, now);
        this.#alerts.duties = this.#policyContext.alerts;
        if (this.#policyContext.id !== before) this.#stamp++;
      }
    }
    if (this.#reader.stamp !== this.#readerStamp) {
      this.#readerStamp = this.#reader.stamp;
      this.#stamp++;
    }
  }

  setPath(path: readonly string[] | null): void {
    this.#reader.setPath(path);
    this.#approvals.path = path;
  }

  setMode(mode: string | null): void {
    this.#reader.setMode(mode);
    this.#approvals.mode = mode;
  }

  setTemporary(tables: readonly TemporaryTable[]): void {
    this.#reader.setTemporary(tables);
  }

  setUncommitted(uncommitted: boolean): void {
    this.#uncommitted = uncommitted;
  }

  definitionsChanged(): void {
    this.#domain.catalog.definitionsChanged();
  }

  definitionsAbandoned(): void {
    this.#domain.catalog.definitionsAbandoned();
  }

  judge(bytes: Buffer, start: number, end: number): SqlAnswer {
    if (!this.canRecord) return { outcome: 'failed', error: new ProxyError('journal-unavailable') };
    const failure = this.#waitFailure;
    if (failure !== null) {
      this.#waitFailure = null;
      return { outcome: 'failed', error: new ProxyError('catalog-unavailable', { cause: failure }) };
    }
    this.#notice();
    const { meter } = this.#domain;
    if (!meter.isTimed) return this.#judgeText(bytes, start, end);
    const begunMs = performance.now();
    const answer = this.#judgeText(bytes, start, end);
    meter.decided(performance.now() - begunMs);
    return answer;
  }

  #judgeText(bytes: Buffer, start: number, end: number): SqlAnswer {
    const read = this.#reader.read(bytes, start, end);
    switch (read.outcome) {
      case 'entry':
        return this.#judgeEntry(read.entry);
      case 'denied':
        return this.#unreadable(read.denial, read.tooComplex);
      case 'no-catalog':
        return this.#awaitCatalog();
      case 'wait':
        return this.#await(read.ready);
    }
  }

  #judgeEntry(entry: SqlEntry): SqlAnswer {
    const known = entry.judgements.get(this.#policyContext.id);
    if (known !== undefined && !this.#domain.catalog.isStale) return known;
    const { catalog } = this.#domain;
    // What is known to be out of date is not judged by; a name may be looked for in vain.
    if (catalog.isStale && (touchesData(entry) || (this.masksColumns && defines(entry))))
      return this.#awaitCatalog();
    if (!this.#uncommitted && catalog.mayBeOutdated() && entry.statements.some((facts) => facts.unresolved)) {
      return this.#await(catalog.refresh());
    }
    if (known !== undefined) return known;
    const judgement = judgeAll(this.#domain.policy.current, this.#policyContext, entry.statements);
    if (entry.judgements.size > 64) entry.judgements.clear();
    entry.judgements.set(this.#policyContext.id, judgement);
    return judgement;
  }

  decide(facts: StatementFacts, rowsMax: number | null, batchSize: number): Decision {
    this.#notice();
    return decideBound(this.#domain.policy.current, this.#policyContext, facts, rowsMax, batchSize);
  }

  denialOf(decision: Decision, facts: StatementFacts): Denial {
    return denialFrom(decision, facts);
  }

  get recordsResponses(): boolean {
    return this.#domain.responses !== null || this.#policyContext.rules.some(({ records }) => records);
  }

  recordResponse(number: StatementNumber, decision: Decision | null): ResponseRecorder | null {
    return this.#responses.begin(number, decision?.obligations.record ?? 'unsaid');
  }

  get pausesResults(): boolean {
    return this.#policyContext.rules.some(({ pauses }) => pauses);
  }

  get hasMasks(): boolean {
    return !this.#policyContext.masks.isIdle && !this.#domain.policy.current.isObserving;
  }

  get masksColumns(): boolean {
    return this.hasMasks && this.#policyContext.masks.namesColumns;
  }

  maskResult(duties: MaskDuties | null, fields: readonly ResultField[]): ResultMasking | null {
    if (!this.hasMasks) return null;
    return this.#domain.masks.forFields(
      duties,
      fields,
      this.#policyContext.masks,
      this.#domain.describer,
      this.#inEvent,
    );
  }

  maskCopy(
    facts: StatementFacts,
    duties: MaskDuties | null,
    columns: number,
    binary: boolean,
  ): CellMasks | null {
    return this.#domain.masks.forCopy(facts, duties, columns, binary, this.#domain.describer);
  }

  #unreadable(denial: Denial, tooComplex: boolean): SqlAnswer {
    if (tooComplex && ++this.#strikes > STRIKES_MAX) {
      return { outcome: 'failed', error: new ProxyError('struck-off') };
    }
    return { outcome: 'denied', denial, journalMembers: unreadableMembers(denial, this.#policyVersion) };
  }

  #awaitCatalog(): SqlAnswer {
    return this.#await(
      this.#domain.catalog.refresh().then((failure) => {
        this.#waitFailure = failure;
      }),
    );
  }

  #await(ready: Promise<unknown>): SqlAnswer {
    ready.then(
      () => this.#wake(),
      (error: unknown) => {
        this.#waitFailure = error instanceof Error ? error : new Error(String(error));
        this.#wake();
      },
    );
    return { outcome: 'pending' };
  }

  approve(judged: readonly JudgedStatement[], subject: ApprovalSubject, canTell: boolean): ApprovalAnswer {
    return this.#approvals.ask(judged, subject, canTell);
  }

  approveResult(paused: PausedResult, subject: ApprovalSubject): ApprovalAnswer {
    return this.#approvals.askForResult(paused, subject);
  }

  withdraw(): void {
    this.#approvals.withdraw();
    this.spending.withdraw();
  }

  /** The session is over. */
  close(): void {
    this.#approvals.drop();
    this.spending.close();
  }

  admit(clearance: Clearance, entry: StatementEntry): StatementNumber {
    this.#approvals.drop();
    this.spending.settled();
    return this.records.admit(clearance, entry);
  }

  refuse(denial: Denial, journalMembers: string, entry: StatementEntry): void {
    this.#approvals.drop();
    this.spending.settled();
    this.records.refuse(denial, journalMembers, entry, this.#policyVersion);
  }

  finish(number: StatementNumber, result: RunResult): void {
    this.#approvals.drop();
    this.spending.close();
    this.records.finish(number, result);
  }
}
