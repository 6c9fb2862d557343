/** What one session does that alerts are about. Without alerts in the policy all of it is a look at an empty list. */
import {
  type AlertCircumstances,
  type Alerts,
  CanaryPatterns,
  CanaryStream,
  SpelledCanaries,
} from '../alerts/index.ts';
import type { AlertCause, AlertDuty, CanaryPort } from '../core/alerts.ts';
import type { Denial } from '../core/decision.ts';
import type { RunResult } from '../core/gate.ts';
import type { SessionId } from '../core/ids.ts';
import type { Clearance } from '../core/judgement.ts';
import type { SessionContext } from '../core/principal.ts';
import { formatBytes } from '../core/quantities.ts';

/** configuration_limit_exceeded: of budgets and rates. */
const BUDGET_SQLSTATE = '53400';
const MESSAGE_MAX = 300;
/** Made once for all sessions that look for the same. */
const patternsOf = new WeakMap<readonly AlertDuty[], readonly [AlertDuty, CanaryPatterns][]>();
const spelledOf = new WeakMap<AlertDuty, SpelledCanaries>();

export class SessionAlerts {
  readonly #alerts: Alerts | null;
  readonly #session: SessionId;
  readonly #context: SessionContext;
  #duties: readonly AlertDuty[] = [];
  canaries: CanaryPort | null = null;

  constructor(alerts: Alerts | null, session: SessionId, context: SessionContext) {
    this.#alerts = alerts;
    this.#session = session;
    this.#context = context;
  }

  /** Those of the policy in force. */
  set duties(duties: readonly AlertDuty[]) {
    if (duties === this.#duties) return;
    this.#duties = duties;
    this.canaries = this.#canaries(duties);
  }

  #note(on: AlertCause, message: (duty: AlertDuty) => string | null): void {
    if (this.#duties.length === 0) return;
    for (const duty of this.#duties) {
      const text = duty.on === on ? message(duty) : null;
      if (text !== null) this.#alerts?.note(duty, this.#circumstances(text));
    }
  }

  #circumstances(message: string): AlertCircumstances {
    const { principal, listener } = this.#context;
    return {
      principal: principal.name,
      listener,
      session: this.#session,
      message: message.slice(0, MESSAGE_MAX),
    };
  }

  denied({ message, sqlstate }: Denial): void {
    this.#note('denials', () => message);
    if (sqlstate === BUDGET_SQLSTATE) this.#note('budgets', () => message);
  }

  admitted({ statements }: Clearance): void {
    if (this.#duties.length === 0) return;
    const duties = this.#duties.filter(({ on }) => on === 'masked-table');
    for (const { decision } of duties.length === 0 ? [] : statements) {
      const columns = decision.obligations.masks?.touched ?? [];
      for (const table of new Set(columns.map((column) => column.slice(0, column.lastIndexOf('.')))))
        for (const duty of duties)
          this.#alerts?.noteFirst(
            duty,
            JSON.stringify([duty.name, table]),
            this.#circumstances(`first use of ${table}, which has masked columns`),
          );
    }
  }

  /** The session works for one of MCP, and none of its requests is under way. */
  unexplained(text: Buffer): void {
    this.#note('unexplained', () => {
      const shown = text.toString('utf8', 0, MESSAGE_MAX).replaceAll(/\s+/g, ' ');
      return `no tool call explains: ${shown}`;
    });
  }

  finished({ rows, bytes, cutBy }: RunResult): void {
    this.#note('large-results', (duty) =>
      (duty.rows !== null && rows > duty.rows) || (duty.bytes !== null && bytes > duty.bytes)
        ? `a result of ${rows} rows, ${formatBytes(bytes)}`
        : null,
    );
    if (cutBy !== null) this.#note('budgets', () => `a result was cut by rule "${cutBy}"`);
  }

  /**
   * Looks for canaries in each spelling of what is the same, and tells of each alert once; `told` has those that were told
   * of. False: it must not be shown.
   */
  findIn(spellings: Iterable<Buffer>, told: Set<AlertDuty>): boolean {
    const duties = this.#duties.filter(({ on }) => on === 'canary');
    let passes = true;
    for (const bytes of spellings)
      for (const duty of duties) {
        if (told.has(duty)) continue;
        const found = spelled(duty).find(bytes);
        if (found === -1) continue;
        told.add(duty);
        this.#read(duty, found);
        if (duty.cut) passes = false;
      }
    return passes;
  }

  /** Which value it was is for whoever wrote them: the text itself goes nowhere. */
  #read(duty: AlertDuty, n: number): void {
    this.#alerts?.note(duty, this.#circumstances(`canary ${n + 1} of "${duty.name}" was read`));
  }

  #canaries(duties: readonly AlertDuty[]): CanaryPort | null {
    let wanted = patternsOf.get(duties);
    if (wanted === undefined) {
      wanted = duties
        .filter(({ on }) => on === 'canary')
        .map((duty) => [duty, new CanaryPatterns(duty.values)] as const)
        .map(([duty, patterns]) => [duty, patterns]);
      patternsOf.set(duties, wanted);
    }
    if (wanted.length === 0) return null;
    const streams = wanted.map(([duty, patterns]) => ({ duty, stream: new CanaryStream(patterns) }));
    return {
      scan: (bytes, start, end) => {
        let passes = true;
        for (const { duty, stream } of streams) {
          const found = stream.find(bytes, start, end);
          if (found === -1) continue;
          this.#read(duty, found);
          if (duty.cut) passes = false;
        }
        return passes;
      },
    };
  }
}

function spelled(duty: AlertDuty): SpelledCanaries {
  const known = spelledOf.get(duty);
  if (known !== undefined) return known;
  const made = new SpelledCanaries(duty.values);
  spelledOf.set(duty, made);
  return made;
}
