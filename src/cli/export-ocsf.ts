/**
 * Records as events of the Open Cybersecurity Schema Framework (https://schema.ocsf.io/1.3.0), with the profile
 * security_control: statements and results are Datastore Activity (6005), logins Authentication (3002), what people do
 * in the console, to approvals and to access API Activity (6003), alerts Detection Findings (2004). Records about the
 * journal itself have no event.
 */
import type { Json, JsonObject } from '../core/json.ts';
import type { ExportedEvent, ExportedSession } from './export-events.ts';
import { numberIn, textIn, wordsIn } from './record-fields.ts';

const VERSION = '1.3.0';
const AUTHENTICATION = {
  category_uid: 3,
  category_name: 'Identity & Access Management',
  class_uid: 3002,
  class_name: 'Authentication',
};
const DATASTORE = {
  category_uid: 6,
  category_name: 'Application Activity',
  class_uid: 6005,
  class_name: 'Datastore Activity',
};
const FINDING = {
  category_uid: 2,
  category_name: 'Findings',
  class_uid: 2004,
  class_name: 'Detection Finding',
};
const API = {
  category_uid: 6,
  category_name: 'Application Activity',
  class_uid: 6003,
  class_name: 'API Activity',
};

const INFORMATIONAL = { severity_id: 1, severity: 'Informational' };
const MEDIUM = { severity_id: 3, severity: 'Medium' };
const SUCCESS = { status_id: 1, status: 'Success' };
const FAILURE = { status_id: 2, status: 'Failure' };
const ALLOWED = { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' };
const BLOCKED = { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' };

/** Activities of a datastore, by effect; the gravest one of a statement tells. */
const ACTIVITIES: readonly (readonly [effect: string, id: number, name: string])[] = [
  ['destroy', 7, 'Delete'],
  ['define', 6, 'Create'],
  ['write', 2, 'Update'],
  ['copy-in', 5, 'Write'],
  ['read', 4, 'Query'],
];

/** Null: there is no event for it. */
export function ocsfEvent(event: ExportedEvent, product: JsonObject): JsonObject | null {
  const { record, type } = event;
  switch (type) {
    case 'statement':
      return datastore(event, product, record, { ...INFORMATIONAL, ...SUCCESS, ...ALLOWED });
    case 'denied':
      return datastore(event, product, record, {
        ...MEDIUM,
        ...FAILURE,
        ...BLOCKED,
        status_code: textIn(record, 'sqlstate') ?? '',
        status_detail: textIn(record, 'message') ?? '',
      });
    case 'result':
      return result(event, product);
    case 'session-start':
      return authentication(event, product, [1, 'Logon'], { ...INFORMATIONAL, ...SUCCESS, ...ALLOWED });
    case 'session-end':
      return authentication(event, product, [2, 'Logoff'], {
        ...INFORMATIONAL,
        ...SUCCESS,
        ...ALLOWED,
        status_detail: textIn(record, 'reason') ?? '',
      });
    case 'login-refused':
      return authentication(event, product, [1, 'Logon'], {
        ...MEDIUM,
        ...FAILURE,
        ...BLOCKED,
        status_code: textIn(record, 'code') ?? '',
        status_detail: textIn(record, 'detail') ?? textIn(record, 'code') ?? '',
      });
    case 'admin':
    case 'approval-request':
    case 'approval-vote':
    case 'approval':
    case 'revocation':
    case 'revocation-lifted':
      return apiActivity(event, product);
    case 'alert':
      return finding(event, product);
    default:
      return null;
  }
}

function base(
  event: ExportedEvent,
  product: JsonObject,
  kind: typeof DATASTORE | typeof FINDING,
  activity: readonly [number, string],
): JsonObject {
  const [id, name] = activity;
  return {
    ...kind,
    activity_id: id,
    activity_name: name,
    type_uid: kind.class_uid * 100 + id,
    type_name: `${kind.class_name}: ${name}`,
    time: event.atMs,
    metadata: {
      version: VERSION,
      product,
      profiles: ['security_control'],
      uid: event.uid,
      sequence: event.n,
      log_name: 'journal',
      event_code: event.type,
      correlation_uid: textIn(event.record, 'session') ?? '',
    },
  };
}

function user(session: ExportedSession | null): JsonObject {
  const groups = (session?.groups ?? []).map((name) => ({ name }));
  return { name: session?.principal ?? 'unknown', type_id: 0, ...(groups.length === 0 ? {} : { groups }) };
}

function source(client: string | null): JsonObject {
  return client === null ? { name: 'local socket' } : { ip: client };
}

function datastore(
  event: ExportedEvent,
  product: JsonObject,
  statement: JsonObject,
  outcome: JsonObject,
): JsonObject {
  const { session, record } = event;
  const effects = wordsIn(statement, 'effects');
  const [, id, name] = ACTIVITIES.find(([effect]) => effects.includes(effect)) ?? ['', 99, 'Other'];
  const tables = wordsIn(statement, 'tables');
  const rule = textIn(statement, 'rule');
  return {
    ...base(event, product, DATASTORE, [id, name]),
    ...outcome,
    actor: {
      user: user(session),
      session: { uid: textIn(record, 'session') ?? '' },
      ...(session?.application == null ? {} : { app_name: session.application }),
    },
    src_endpoint: source(session?.client ?? null),
    dst_endpoint: { name: session?.listener ?? 'unknown' },
    type_id: 1,
    type: 'Database',
    database: { name: session?.listener ?? 'unknown', type_id: 1, type: 'Relational' },
    ...(tables[0] === undefined ? {} : { table: { name: tables[0] } }),
    query_info: {
      uid: `${textIn(record, 'session')}:${numberIn(record, 'number') ?? 0}`,
      query_string: textIn(statement, 'text') ?? '',
    },
    ...(rule === null ? {} : { firewall_rule: { name: rule, type: 'policy' } }),
    policy: { uid: textIn(statement, 'policy') ?? '' },
    message: `${wordsIn(statement, 'kinds').join(', ')} ${textIn(statement, 'verdict') ?? ''}`.trim(),
    unmapped: { kinds: wordsIn(statement, 'kinds'), effects, tables, rules: wordsIn(statement, 'rules') },
  };
}

function result(event: ExportedEvent, product: JsonObject): JsonObject {
  const { record } = event;
  const statement = event.statement ?? {};
  const sqlstate = textIn(record, 'sqlstate');
  const cutBy = textIn(record, 'truncatedBy');
  const outcome = {
    // The client of a result that was cut got an error, also where the server had completed it.
    ...(sqlstate === null && cutBy === null ? SUCCESS : { ...FAILURE, status_code: sqlstate ?? '' }),
    ...(cutBy === null ? { ...INFORMATIONAL, ...ALLOWED } : { ...MEDIUM, ...BLOCKED }),
  };
  const told = datastore(
    event,
    product,
    { session: record['session'], number: record['number'], ...statement },
    outcome,
  );
  const unmapped: Json = {
    rows: numberIn(record, 'rows') ?? 0,
    bytes: numberIn(record, 'bytes') ?? 0,
    tag: textIn(record, 'tag'),
    tables: wordsIn(statement, 'tables'),
  };
  return {
    ...told,
    duration: Math.round(numberIn(record, 'ms') ?? 0),
    message:
      cutBy === null ? `result: ${textIn(record, 'tag') ?? sqlstate ?? ''}` : `result cut by rule "${cutBy}"`,
    ...(cutBy === null ? {} : { firewall_rule: { name: cutBy, type: 'policy' } }),
    unmapped,
  };
}

function authentication(
  event: ExportedEvent,
  product: JsonObject,
  activity: readonly [number, string],
  outcome: JsonObject,
): JsonObject {
  const { record, session } = event;
  const listener = session?.listener ?? textIn(record, 'listener') ?? 'unknown';
  return {
    ...base(event, product, AUTHENTICATION, activity),
    ...outcome,
    user: user(session),
    session: { uid: textIn(record, 'session') ?? '' },
    src_endpoint: source(session?.client ?? textIn(record, 'client')),
    dst_endpoint: { name: listener },
    service: { name: listener },
    is_cleartext: record['tls'] === false,
    is_remote: true,
    message: `${event.type} on ${listener}`,
  };
}

function finding(event: ExportedEvent, product: JsonObject): JsonObject {
  const { record, session } = event;
  const text = textIn(record, 'message') ?? '';
  const alert = textIn(record, 'alert') ?? 'unknown';
  const quarantined = numberIn(record, 'quarantinedUntil');
  return {
    ...base(event, product, FINDING, [1, 'Create']),
    ...MEDIUM,
    status_id: 1,
    status: 'New',
    // Whoever is in quarantine has no access any more.
    ...(quarantined === null
      ? { action_id: 1, action: 'Allowed', disposition_id: 17, disposition: 'Logged' }
      : { action_id: 2, action: 'Denied', disposition_id: 3, disposition: 'Quarantined' }),
    finding_info: {
      uid: textIn(record, 'id') ?? event.uid,
      title: alert,
      desc: text,
      types: [textIn(record, 'on') ?? ''],
    },
    actor: { user: { ...user(session), name: textIn(record, 'principal') ?? 'unknown' } },
    firewall_rule: { name: alert, type: 'alert' },
    message: text,
  };
}

function apiActivity(event: ExportedEvent, product: JsonObject): JsonObject {
  const { record, session, type } = event;
  const by = textIn(record, 'by') ?? session?.principal ?? 'unknown';
  const operation = type === 'admin' ? `admin/${textIn(record, 'action') ?? ''}` : type;
  const creates = type === 'approval-request';
  const about = textIn(record, 'approval') ?? textIn(record, 'target') ?? textIn(record, 'subject');
  const access = type.startsWith('revocation') ? (textIn(record, 'kind') ?? 'principal') : null;
  return {
    ...base(event, product, API, creates ? [1, 'Create'] : [3, 'Update']),
    ...INFORMATIONAL,
    ...SUCCESS,
    actor: { user: { name: by, type_id: 0 } },
    api: { operation, service: { name: 'sluice' } },
    src_endpoint: source(textIn(record, 'client') ?? session?.client ?? null),
    ...(about === null
      ? {}
      : { resources: [{ uid: about, type: access ?? (type === 'admin' ? 'session' : 'approval') }] }),
    message: [operation, textIn(record, 'vote') ?? textIn(record, 'outcome')]
      .filter((word) => word !== null)
      .join(': '),
  };
}
