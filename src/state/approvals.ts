/**
 * Approvals in the store: pending → approved | denied | expired | cancelled, approved → used. Who changes one holds its
 * row from the reading on, so two votes, a vote and the expiry, or two that take it, come one after the other.
 */
import { foldedName, isSamePerson, nameAlias } from '../core/person.ts';
import {
  type Database,
  jsonAt,
  numberAt,
  numberOrNullAt,
  type Row,
  type Transaction,
  textAt,
  textOrNullAt,
  textsAt,
  type Value,
  wordAt,
} from './database.ts';
import { namesWithoutAccess } from './revocations.ts';
import {
  APPROVAL_STATES,
  type Approval,
  ApprovalIdTaken,
  type ApprovalRequest,
  type ApprovalState,
  type ApprovalsStore,
  type ApprovalVote,
  type CountedVote,
  type Instant,
  type VoteOutcome,
} from './store.ts';

/** At once, so that a call that settles many stays short; the next call settles the rest. */
const EXPIRED_MAX = 200;

export class StoredApprovals implements ApprovalsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  create(request: ApprovalRequest): Promise<Approval> {
    return this.#database.write(async (transaction) => {
      const rows = await transaction.all(
        `INSERT INTO sluice.approvals (id, digest, principal, rule, by_groups, approvers, kind, instance, session,
            shown, reason, created_at, expires_at, window_ms, aliases, state, settled_at, open_until, uses)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'pending', NULL, $13, 0)
          ON CONFLICT (id) DO NOTHING RETURNING *`,
        ...requestValues(request),
      );
      const [made] = await withVotes(transaction, rows);
      if (made === undefined) throw new ApprovalIdTaken(`there is an approval request ${request.id} already`);
      await transaction.changed('approvals');
      return made;
    });
  }

  get(id: string): Promise<Approval | null> {
    return this.#database.read(async (transaction) => {
      const rows = await transaction.all('SELECT * FROM sluice.approvals WHERE id = $1', id);
      const [found] = await withVotes(transaction, rows);
      return found ?? null;
    });
  }

  list(filter: {
    readonly state?: ApprovalState;
    readonly principal?: string;
    readonly digest?: string;
    readonly limit: number;
  }): Promise<readonly Approval[]> {
    const values: Value[] = [filter.limit];
    const wanted = [
      ['state', filter.state],
      ['principal', filter.principal],
      ['digest', filter.digest],
    ] as const;
    const conditions = wanted.flatMap(([column, value]) =>
      value === undefined ? [] : [`${column} = $${values.push(value)}`],
    );
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    return this.#database.read(async (transaction) =>
      withVotes(
        transaction,
        await transaction.all(
          `SELECT * FROM sluice.approvals ${where} ORDER BY created_at DESC, id LIMIT $1`,
          ...values,
        ),
      ),
    );
  }

  vote(id: string, vote: ApprovalVote): Promise<VoteOutcome> {
    return this.#database.write(async (transaction): Promise<VoteOutcome> => {
      const rows = await transaction.all('SELECT * FROM sluice.approvals WHERE id = $1 FOR UPDATE', id);
      const [approval] = await withVotes(transaction, rows);
      if (approval === undefined) return { outcome: 'refused', why: 'unknown' };
      const now = await transaction.now();
      const gone = await namesWithoutAccess(transaction);
      const why = gone.has(foldedName(vote.by)) ? 'not-allowed' : refusal(approval, vote, now);
      if (why !== null) {
        if (why === 'expired' && approval.state === 'pending') {
          await settle(transaction, id, 'expired', now, approval.openUntil);
        }
        return { outcome: 'refused', why };
      }
      await transaction.all(
        `INSERT INTO sluice.votes (approval, voter, groups, verdict, reason, channel, at, place, aliases)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        id,
        vote.by,
        JSON.stringify(vote.groups),
        vote.verdict,
        vote.reason,
        vote.channel,
        now,
        approval.votes.length,
        JSON.stringify(vote.aliases),
      );
      const approvals = yesIn(approval, gone) + 1;
      if (vote.verdict === 'deny') await settle(transaction, id, 'denied', now, approval.openUntil);
      else if (approvals >= approval.approvers) {
        const { windowMs, expiresAt } = approval;
        await settle(transaction, id, 'approved', now, windowMs === null ? expiresAt : now + windowMs);
      } else await transaction.changed('approvals');
      const after = await withVotes(
        transaction,
        await transaction.all('SELECT * FROM sluice.approvals WHERE id = $1', id),
      );
      return { outcome: 'counted', approval: after[0] ?? approval };
    });
  }

  take(digest: string, principal: string): Promise<Approval | null> {
    return this.#database.write(async (transaction) => {
      // All of them are locked: with one alone, who comes second would wait for the first one's and find it used.
      const rows = await transaction.all(
        `SELECT * FROM sluice.approvals
          WHERE digest = $1 AND principal = $2 AND state = 'approved' ORDER BY id FOR UPDATE`,
        digest,
        principal,
      );
      const now = await transaction.now();
      const gone = await namesWithoutAccess(transaction);
      let serving: Approval | null = null;
      for (const one of await withVotes(transaction, rows)) {
        if (one.openUntil <= now || serving !== null) continue;
        if (yesIn(one, gone) >= one.approvers) serving = one;
        else await settle(transaction, one.id, 'cancelled', now, one.openUntil);
      }
      if (serving === null) return null;
      const taken = await transaction.all(
        `UPDATE sluice.approvals
          SET uses = uses + 1, state = CASE WHEN window_ms IS NULL THEN 'used' ELSE state END
          WHERE id = $1 RETURNING *`,
        serving.id,
      );
      await transaction.changed('approvals');
      const [approval] = await withVotes(transaction, taken);
      return approval ?? null;
    });
  }

  cancel(id: string): Promise<Approval | null> {
    return this.#database.write(async (transaction) => {
      const rows = await transaction.all(
        `UPDATE sluice.approvals SET state = 'cancelled', settled_at = $2
          WHERE id = $1 AND (state = 'pending' OR (state = 'approved' AND uses = 0)) RETURNING *`,
        id,
        await transaction.now(),
      );
      const [cancelled] = await withVotes(transaction, rows);
      if (cancelled !== undefined) await transaction.changed('approvals');
      return cancelled ?? null;
    });
  }

  async expire(): Promise<readonly Approval[]> {
    // Most calls find nothing, and need no lock for that.
    const due = await this.#database.read((transaction) => dueIds(transaction));
    if (due.length === 0) return [];
    return this.#database.write(async (transaction) => {
      const now = await transaction.now();
      const settled: Row[] = [];
      for (const id of due) {
        settled.push(
          ...(await transaction.all(
            `UPDATE sluice.approvals SET state = CASE WHEN uses > 0 THEN 'used' ELSE 'expired' END, settled_at = $2
              WHERE id = $1 AND state IN ('pending', 'approved') AND open_until <= $2 RETURNING *`,
            id,
            now,
          )),
        );
      }
      if (settled.length > 0) await transaction.changed('approvals');
      return withVotes(transaction, settled);
    });
  }
}

/** In the order of their ids, so that two instances do not wait for each other in a ring. */
async function dueIds(transaction: Transaction): Promise<readonly string[]> {
  const rows = await transaction.all(
    `SELECT id FROM sluice.approvals WHERE state IN ('pending', 'approved') AND open_until <= $1
      ORDER BY open_until LIMIT $2`,
    await transaction.now(),
    EXPIRED_MAX,
  );
  return rows.map((row) => textAt(row, 'id')).sort();
}

/** Whoever has no access any more has not agreed. */
function yesIn({ votes }: Approval, gone: ReadonlySet<string>): number {
  return votes.filter(({ by, verdict }) => verdict === 'approve' && !gone.has(foldedName(by))).length;
}

function refusal(
  approval: Approval,
  vote: ApprovalVote,
  now: Instant,
): Extract<VoteOutcome, { outcome: 'refused' }>['why'] | null {
  if (approval.state === 'expired') return 'expired';
  if (approval.state !== 'pending') return 'settled';
  if (approval.openUntil <= now) return 'expired';
  const voter = [nameAlias(vote.by), ...vote.aliases];
  if (isSamePerson(voter, [nameAlias(approval.principal), ...approval.aliases])) return 'own';
  if (!vote.groups.some((group) => approval.by.includes(group))) return 'not-allowed';
  const isKnown = approval.votes.some(({ by, aliases }) => isSamePerson(voter, [nameAlias(by), ...aliases]));
  return isKnown ? 'twice' : null;
}

async function settle(
  transaction: Transaction,
  id: string,
  state: ApprovalState,
  now: Instant,
  openUntil: Instant,
): Promise<void> {
  await transaction.all(
    'UPDATE sluice.approvals SET state = $2, settled_at = $3, open_until = $4 WHERE id = $1',
    id,
    state,
    now,
    openUntil,
  );
  await transaction.changed('approvals');
}

function requestValues(request: ApprovalRequest): readonly Value[] {
  return [
    request.id,
    request.digest,
    request.principal,
    request.rule,
    JSON.stringify(request.by),
    request.approvers,
    request.kind,
    request.instance,
    request.session,
    JSON.stringify(request.shown),
    request.reason,
    request.createdAt,
    request.expiresAt,
    request.windowMs,
    JSON.stringify(request.aliases),
  ];
}

async function withVotes(transaction: Transaction, rows: readonly Row[]): Promise<readonly Approval[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => textAt(row, 'id'));
  const votes = await transaction.all(
    `SELECT * FROM sluice.votes WHERE approval IN (${ids.map((_, n) => `$${n + 1}`).join(', ')}) ORDER BY place`,
    ...ids,
  );
  return rows.map((row) => {
    const own = votes.filter((vote) => vote['approval'] === row['id']);
    return approvalOf(row, own.map(voteOf));
  });
}

function voteOf(row: Row): CountedVote {
  return {
    by: textAt(row, 'voter'),
    aliases: textsAt(row, 'aliases'),
    groups: textsAt(row, 'groups'),
    verdict: wordAt(row, 'verdict', ['approve', 'deny']),
    reason: textOrNullAt(row, 'reason'),
    channel: textAt(row, 'channel'),
    at: numberAt(row, 'at'),
  };
}

function approvalOf(row: Row, votes: readonly CountedVote[]): Approval {
  return {
    id: textAt(row, 'id'),
    digest: textAt(row, 'digest'),
    principal: textAt(row, 'principal'),
    aliases: textsAt(row, 'aliases'),
    rule: textAt(row, 'rule'),
    by: textsAt(row, 'by_groups'),
    approvers: numberAt(row, 'approvers'),
    kind: wordAt(row, 'kind', ['statement', 'result']),
    instance: textAt(row, 'instance'),
    session: textAt(row, 'session'),
    shown: jsonAt(row, 'shown'),
    reason: textOrNullAt(row, 'reason'),
    createdAt: numberAt(row, 'created_at'),
    expiresAt: numberAt(row, 'expires_at'),
    windowMs: numberOrNullAt(row, 'window_ms'),
    state: wordAt(row, 'state', APPROVAL_STATES),
    votes,
    settledAt: numberOrNullAt(row, 'settled_at'),
    openUntil: numberAt(row, 'open_until'),
    uses: numberAt(row, 'uses'),
  };
}
