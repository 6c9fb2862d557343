/**
 * Every message of the Model Context Protocol: who may send it, in which revisions, and what it is about. What is not in
 * this table is refused (promise 1). Sources: schema.ts of each revision; the tasks extension of 2026-07-28 (SEP-2663).
 */
import { isAtLeast, type Revision } from './revisions.ts';

export type Side = 'client' | 'server';

/** What rules can name of a request; `none`: nothing but its method. */
export type Subject = 'tool' | 'resource' | 'prompt' | 'completion' | 'none';

export interface MethodRow {
  readonly from: Side | 'both';
  readonly kind: 'request' | 'notification';
  readonly since: Revision;
  /** The last revision that has it; null: it is still there. */
  readonly until: Revision | null;
  readonly subject: Subject;
}

const FIRST: Revision = '2024-11-05';
const LAST_LEGACY: Revision = '2025-11-25';

type Row = Partial<Omit<MethodRow, 'from' | 'kind'>>;

function row(from: MethodRow['from'], kind: MethodRow['kind'], rest: Row = {}): MethodRow {
  return { from, kind, since: FIRST, until: null, subject: 'none', ...rest };
}

const asks = (rest?: Row) => row('client', 'request', rest);
const tells = (rest?: Row) => row('server', 'notification', rest);

/** What a modern server asks of a client stands in a result's inputRequests, not in a message of its own (SEP-2322). */
const serverAsks = (rest?: Row) => row('server', 'request', { until: LAST_LEGACY, ...rest });

export const METHODS = {
  initialize: asks({ until: LAST_LEGACY }),
  ping: row('both', 'request', { until: LAST_LEGACY }),
  'server/discover': asks({ since: '2026-07-28' }),
  'tools/list': asks(),
  'tools/call': asks({ subject: 'tool' }),
  'resources/list': asks(),
  'resources/templates/list': asks(),
  'resources/read': asks({ subject: 'resource' }),
  'resources/subscribe': asks({ subject: 'resource', until: LAST_LEGACY }),
  'resources/unsubscribe': asks({ subject: 'resource', until: LAST_LEGACY }),
  'prompts/list': asks(),
  'prompts/get': asks({ subject: 'prompt' }),
  'completion/complete': asks({ subject: 'completion' }),
  'logging/setLevel': asks({ until: LAST_LEGACY }),
  'subscriptions/listen': asks({ since: '2026-07-28' }),
  // Tasks are asked about by either side in 2025-11-25, since either may have started one.
  'tasks/get': row('both', 'request', { since: '2025-11-25' }),
  'tasks/cancel': row('both', 'request', { since: '2025-11-25' }),
  'tasks/result': row('both', 'request', { since: '2025-11-25', until: LAST_LEGACY }),
  'tasks/list': row('both', 'request', { since: '2025-11-25', until: LAST_LEGACY }),
  'tasks/update': asks({ since: '2026-07-28' }),
  'sampling/createMessage': serverAsks(),
  'roots/list': serverAsks(),
  'elicitation/create': serverAsks({ since: '2025-06-18' }),
  'notifications/initialized': row('client', 'notification', { until: LAST_LEGACY }),
  'notifications/roots/list_changed': row('client', 'notification', { until: LAST_LEGACY }),
  'notifications/cancelled': row('both', 'notification'),
  'notifications/progress': row('both', 'notification'),
  'notifications/tasks/status': row('both', 'notification', { since: '2025-11-25', until: LAST_LEGACY }),
  'notifications/tasks': tells({ since: '2026-07-28' }),
  'notifications/message': tells(),
  'notifications/resources/updated': tells(),
  'notifications/resources/list_changed': tells(),
  'notifications/tools/list_changed': tells(),
  'notifications/prompts/list_changed': tells(),
  'notifications/elicitation/complete': tells({ since: '2025-11-25', until: LAST_LEGACY }),
  'notifications/subscriptions/acknowledged': tells({ since: '2026-07-28' }),
} as const satisfies Readonly<Record<string, MethodRow>>;

export type Method = keyof typeof METHODS;

const TABLE: ReadonlyMap<string, MethodRow> = new Map(Object.entries(METHODS));

function isMethod(name: string): name is Method {
  return TABLE.has(name);
}

/** `unknown`: no revision has it. `wrong-side`: the other side sends it. `wrong-revision`: not in this one. */
export type MethodAnswer =
  | { readonly answer: 'known'; readonly method: Method; readonly row: MethodRow }
  | { readonly answer: 'unknown' | 'wrong-side' | 'wrong-revision' | 'wrong-kind' };

export function methodFor(
  name: string,
  kind: MethodRow['kind'],
  from: Side,
  revision: Revision,
): MethodAnswer {
  if (!isMethod(name)) return { answer: 'unknown' };
  const known: MethodRow = METHODS[name];
  if (known.kind !== kind) return { answer: 'wrong-kind' };
  if (known.from !== 'both' && known.from !== from) return { answer: 'wrong-side' };
  const isGone = known.until !== null && !isAtLeast(known.until, revision);
  if (isGone || !isAtLeast(revision, known.since)) return { answer: 'wrong-revision' };
  return { answer: 'known', method: name, row: known };
}
