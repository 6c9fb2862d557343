/** What the admin API shows and does, as it asks for it: whoever puts the house together answers. */
import type { Identity } from '../core/principal.ts';
import type {
  CredentialInfo,
  LiftOrder,
  MintedInfo,
  MintOrder,
  RevocationInfo,
  RevokeOrder,
} from './access-wire.ts';
import type { AlertInfo, BudgetInfo, QuarantineInfo } from './alert-wire.ts';
import type { DryRun, DryRunOutcome } from './dry-run-wire.ts';
import type { PinDetail, PinInfo } from './pin-wire.ts';
import type { PolicyInfo, Trial, Tried } from './policy-wire.ts';
import type {
  ApprovalInfo,
  LiveSnapshot,
  RecordedSession,
  RecordingPage,
  SearchQuery,
  SessionPage,
  TrafficInfo,
} from './wire.ts';

export type VoteAnswer =
  | { readonly outcome: 'counted'; readonly approval: ApprovalInfo }
  | { readonly outcome: 'refused'; readonly why: VoteRefusal };
export type VoteRefusal = 'unknown' | 'settled' | 'expired' | 'own' | 'not-allowed' | 'twice';

export interface ApprovalsPort {
  list(filter: {
    readonly state: ApprovalInfo['state'] | null;
    readonly limit: number;
  }): Promise<readonly ApprovalInfo[]>;
  get(id: string): Promise<ApprovalInfo | null>;
  vote(id: string, by: Identity, verdict: 'approve' | 'deny', reason: string | null): Promise<VoteAnswer>;
}

export interface RecordingsPort {
  search(query: SearchQuery): Promise<SessionPage>;
  get(id: string, fromNumber: number, limit: number): Promise<RecordingPage | null>;
  /** The last sessions of a principal. */
  recent(user: string, limit: number): Promise<readonly RecordedSession[]>;
  traffic(sinceMs: number, untilMs: number): Promise<TrafficInfo>;
}

export interface AlertsPort {
  /** The newest first. */
  list(limit: number): Promise<readonly AlertInfo[]>;
  budgets(): Promise<readonly BudgetInfo[]>;
  quarantined(): Promise<readonly QuarantineInfo[]>;
  /** False where they were not in quarantine. */
  release(principal: string, by: string, reason: string | null): Promise<boolean>;
}

export interface PolicyPort {
  current(): PolicyInfo;
  /** Throws a Refusal where the statement cannot be tried, such as for a listener that is not there. */
  try(trial: Trial): Promise<Tried>;
  /** Judges recorded statements again by another policy. Throws a Refusal where that policy cannot be read. */
  dryRun(order: DryRun): Promise<DryRunOutcome>;
}

export interface LivePort {
  snapshot(limit: number): LiveSnapshot;
  /** False where there is no such session. */
  terminate(id: string): boolean;
}

/** One thing that has to be in order for Sluice to serve. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong; null where nothing is. */
  readonly problem: string | null;
}

/** Who somebody proves to be, or in words that they may read why they do not. */
export type ProofAnswer =
  | { readonly answer: 'proven'; readonly identity: Identity }
  | { readonly answer: 'refused'; readonly why: string; readonly isOurs: boolean };

/** What is kept of a login by way of an issuer while its browser is there. */
export interface SignOnState {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

export interface SingleSignOnPort {
  /** Where to send a browser that is to come back to `redirectUri`; or why that cannot be done. */
  begin(
    redirectUri: string,
  ): Promise<{ readonly location: string; readonly attempt: SignOnState } | { readonly why: string }>;
  finish(attempt: SignOnState, parameters: URLSearchParams): Promise<ProofAnswer>;
}

export interface AccessPort {
  revocations(): Promise<RevocationInfo[]>;
  revoke(order: RevokeOrder, by: string): Promise<void>;
  /** False where there was none. */
  lift(order: LiftOrder, by: string): Promise<boolean>;
  credentials(): Promise<readonly CredentialInfo[]>;
  /** Throws a Refusal where it cannot be made. */
  mint(order: MintOrder, by: string): Promise<MintedInfo>;
}

export interface PinsPort {
  /** What is held first. */
  list(): Promise<readonly PinInfo[]>;
  get(id: string): Promise<PinDetail | null>;
  /** `definition`: the hash of what was looked at. False where it is not what waits. */
  accept(id: string, definition: string, by: string): Promise<boolean>;
  /** False where there is none. */
  forget(id: string): Promise<boolean>;
}

export interface AdminPorts {
  /** An identity whose access has been revoked is nobody any more. */
  isRevoked(identity: Identity): boolean;
  /** Who a token proves to be. Null: none are taken here. */
  readonly bearer: ((token: string) => Promise<ProofAnswer>) | null;
  /** Whose tokens those are, for clients that look for them; null: none are taken. */
  readonly issuer: string | null;
  /** Null: nobody logs in by way of an issuer. */
  readonly signOn: SingleSignOnPort | null;
  /** Who that is; null where name and password do not belong together. */
  password(name: string, password: string): Promise<Identity | null>;
  readonly live: LivePort;
  readonly recordings: RecordingsPort;
  readonly policy: PolicyPort;
  readonly approvals: ApprovalsPort;
  readonly alerts: AlertsPort;
  readonly access: AccessPort;
  readonly pins: PinsPort;
  readiness(): Promise<readonly ReadinessCheck[]>;
  /** In Prometheus' text format, with the type that says so. */
  metrics(): Promise<{ readonly type: string; readonly text: string }>;
  /** Leaves a record of what somebody did; false where it could not be written, and must not be done. */
  record(by: string, action: string, details: Readonly<Record<string, string | null>>): boolean;
  log(level: 'info' | 'warn' | 'error', message: string, details: Readonly<Record<string, unknown>>): void;
  /** Milliseconds since the epoch. */
  now(): number;
  readonly version: string;
}
