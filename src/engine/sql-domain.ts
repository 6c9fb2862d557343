import type { Alerts } from '../alerts/index.ts';
import type { Approvals } from '../approvals/index.ts';
import type { Journal } from '../journal/writer.ts';
import type { SqlDialect } from '../sql/index.ts';
import type { CatalogState } from './live-catalog.ts';
import type { PolicyHolder } from './policy-holder.ts';
import type { ResponseSink } from './response-records.ts';
import type { ResultDescriber } from './result-describer.ts';
import type { ResultMasks } from './result-masks.ts';
import type { Spendings } from './spending.ts';
import type { RecordSink } from './statement-records.ts';

/** What the SQL sessions of one listener share. */
export interface SqlDomain extends RecordSink, ResponseSink {
  readonly catalog: CatalogState;
  readonly dialect: SqlDialect;
  readonly policy: PolicyHolder;
  readonly journal: Journal;
  readonly masks: ResultMasks;
  readonly describer: ResultDescriber;
  /** `127.0.0.1:5432/shop`, for people. */
  readonly upstream: string;
  /** Null: nobody can be asked, so what needs approval does not run. */
  readonly approvals: Approvals | null;
  /** Null: nobody hears of anything. */
  readonly alerts: Alerts | null;
  /** Null: no account can be kept, so what a budget or a rate counts does not run. */
  readonly spendings: Spendings | null;
  /** Milliseconds since the epoch. */
  clock(): number;
}
