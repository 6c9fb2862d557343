/**
 * Metrics in Prometheus' format. Labels are names of the configuration alone (listeners) and words of ours, so that no
 * client can make series.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { DECISION_BUCKETS_S, type Meter } from '../core/meter.ts';

export interface MetricsSource {
  /** By listener. */
  readonly meters: ReadonlyMap<string, Meter>;
  sessionsByListener(): ReadonlyMap<string, number>;
  /** Seconds since each listener's catalog was last read; null: never. */
  catalogAges(): ReadonlyMap<string, number | null>;
  readonly journalHealthy: boolean;
  /** Bytes of the journal that the index of recordings has not read; null: not known yet. */
  readonly indexLagBytes: number | null;
  /** Raised since the start, by what they are about. */
  readonly alerts: ReadonlyMap<string, number>;
  approvalsPending(): Promise<number>;
}

/** Counters that grow elsewhere and are read here. */
const COUNTED = [
  ['rows', 'rows sent to clients'],
  ['bytes', 'bytes of rows sent to clients'],
  ['cuts', 'results cut by a limit'],
  ['masked', 'statements with a column that is masked by its origin'],
] as const;

export class Metrics {
  readonly #registry = new Registry();
  readonly #source: MetricsSource;
  readonly #statements: Counter<'listener' | 'verdict'>;
  readonly #counted: ReadonlyMap<(typeof COUNTED)[number][0], Counter<'listener'>>;
  readonly #sessions: Gauge<'listener'>;
  readonly #catalogAge: Gauge<'listener'>;
  readonly #journalUp: Gauge;
  readonly #indexLag: Gauge;
  readonly #approvals: Gauge;
  readonly #alerts: Counter<'on'>;

  constructor(source: MetricsSource) {
    this.#source = source;
    const registers = [this.#registry];
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
    const byListener = (name: string, help: string) =>
      new Gauge({ name, help, registers, labelNames: ['listener'] });
    collectDefaultMetrics({ register: this.#registry });
    this.#statements = new Counter({
      name: 'sluice_statements_total',
      help: 'statements by verdict',
      labelNames: ['listener', 'verdict'],
      registers,
    });
    this.#counted = new Map(
      COUNTED.map(([name, help]) => [
        name,
        new Counter({ name: `sluice_${name}_total`, help, labelNames: ['listener'], registers }),
      ]),
    );
    this.#sessions = byListener('sluice_sessions', 'sessions that are open');
    this.#catalogAge = byListener('sluice_catalog_age_seconds', 'time since the catalog was last read');
    this.#journalUp = gauge('sluice_journal_up', '1 while the journal can be written');
    this.#indexLag = gauge('sluice_journal_index_lag_bytes', 'bytes of the journal not indexed yet');
    this.#alerts = new Counter({
      name: 'sluice_alerts_total',
      help: 'alerts raised by this instance',
      labelNames: ['on'],
      registers,
    });
    this.#approvals = gauge('sluice_approvals_pending', 'requests for approval that wait, at most 1000');
  }

  async text(): Promise<{ readonly type: string; readonly text: string }> {
    const source = this.#source;
    for (const [listener, meter] of source.meters) {
      for (const [verdict, value] of [
        ['allow', meter.allowed],
        ['deny', meter.denied],
      ] as const) {
        this.#statements.remove({ listener, verdict });
        this.#statements.inc({ listener, verdict }, value);
      }
      for (const [name, counter] of this.#counted) {
        counter.remove({ listener });
        counter.inc({ listener }, meter[name]);
      }
      this.#sessions.set({ listener }, source.sessionsByListener().get(listener) ?? 0);
    }
    for (const [listener, age] of source.catalogAges())
      if (age !== null) this.#catalogAge.set({ listener }, age);
    this.#journalUp.set(source.journalHealthy ? 1 : 0);
    if (source.indexLagBytes !== null) this.#indexLag.set(source.indexLagBytes);
    for (const [on, value] of source.alerts) {
      this.#alerts.remove({ on });
      this.#alerts.inc({ on }, value);
    }
    const pending = await source.approvalsPending().catch(() => null);
    if (pending === null) this.#approvals.reset();
    else this.#approvals.set(pending);
    const text = await this.#registry.metrics();
    return { type: this.#registry.contentType, text: `${text}${decisionText(source.meters)}` };
  }
}

/** A histogram that has been filled elsewhere, which prom-client has no way to take. */
function decisionText(meters: ReadonlyMap<string, Meter>): string {
  const name = 'sluice_decision_seconds';
  const lines = [`# HELP ${name} time to decide on a statement, of one in 32`, `# TYPE ${name} histogram`];
  for (const [listener, { decisions, decisionSeconds }] of meters) {
    let sum = 0;
    decisions.forEach((count, n) => {
      sum += count;
      const bound = DECISION_BUCKETS_S[n] ?? '+Inf';
      lines.push(`${name}_bucket{listener="${listener}",le="${bound}"} ${sum}`);
    });
    lines.push(`${name}_sum{listener="${listener}"} ${decisionSeconds}`);
    lines.push(`${name}_count{listener="${listener}"} ${sum}`);
  }
  return `${lines.join('\n')}\n`;
}
