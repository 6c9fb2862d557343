/** SHOW, DESCRIBE and EXPLAIN FOR: what there is, as the server tells it. */
import { effectSet } from '../../core/effects.ts';
import { NOWHERE } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { Statement } from './ast.ts';
import { expression } from './expression.ts';
import { mention } from './mention.ts';
import { lookAtLimit } from './ordering.ts';
import { Scope, type Shape } from './scope.ts';
import { counters } from './show-counters.ts';
import { DESCRIBING, NO_ACT, type StatementResult } from './statement.ts';
import { Unreadable } from './unreadable.ts';

const READ = effectSet('read');

type Show = Extract<Statement, { is: 'show' }>;

/** What SHOW reads that has a table of its own, so that rules about the table hold for it as well. */
const TABLES_BEHIND: readonly (readonly [what: RegExp, schema: string, name: string])[] = [
  [/^PROCESSLIST$/, 'information_schema', 'PROCESSLIST'],
  [/^(?:GRANTS|CREATE USER)\b/, 'mysql', 'user'],
  [/^CREATE SERVER$/, 'mysql', 'servers'],
];

/** Words that say how much is shown, not what. */
const HOW_MUCH = /^(?:(?:FULL|EXTENDED|GLOBAL|SESSION|LOCAL|STORAGE|ALL) )+/;

const SAME: ReadonlyMap<string, string> = new Map([
  ['FIELDS', 'COLUMNS'],
  ['KEYS', 'INDEX'],
  ['INDEXES', 'INDEX'],
  ['SCHEMAS', 'DATABASES'],
  ['CREATE SCHEMA', 'CREATE DATABASE'],
  ['MASTER LOGS', 'BINARY LOGS'],
  ['MASTER STATUS', 'BINARY LOG STATUS'],
  ['BINLOG STATUS', 'BINARY LOG STATUS'],
  ['SLAVE STATUS', 'REPLICA STATUS'],
  ['SLAVES STATUS', 'REPLICA STATUS'],
  ['REPLICAS STATUS', 'REPLICA STATUS'],
  ['SLAVE HOSTS', 'REPLICAS'],
  ['REPLICA HOSTS', 'REPLICAS'],
]);

/** Everything that SHOW is known to show. What is not here is refused: it may show anything. */
export const SHOWN: ReadonlySet<string> = new Set([
  ...['AUTHORS', 'CONTRIBUTORS', 'BINARY LOGS', 'BINARY LOG STATUS', 'BINLOG EVENTS', 'RELAYLOG EVENTS'],
  ...['CHARACTER SET', 'COLLATION', 'COLUMNS', 'COUNT(*) ERRORS', 'COUNT(*) WARNINGS', 'DATABASES', 'ERRORS'],
  ...['CREATE DATABASE', 'CREATE EVENT', 'CREATE FUNCTION', 'CREATE LIBRARY', 'CREATE PACKAGE'],
  ...['CREATE PACKAGE BODY', 'CREATE PROCEDURE', 'CREATE SEQUENCE', 'CREATE SERVER', 'CREATE TABLE'],
  ...['CREATE TRIGGER', 'CREATE USER', 'CREATE VIEW', 'ENGINE LOGS', 'ENGINE MUTEX', 'ENGINE STATUS'],
  ...['ENGINES', 'EVENTS', 'EXPLAIN', 'ANALYZE', 'FUNCTION CODE', 'FUNCTION STATUS', 'GRANTS', 'INDEX'],
  ...['INDEX_STATISTICS', 'CLIENT_STATISTICS', 'TABLE_STATISTICS', 'USER_STATISTICS', 'LIBRARY STATUS'],
  ...['OPEN TABLES', 'PACKAGE BODY CODE', 'PACKAGE BODY STATUS', 'PACKAGE STATUS', 'PLUGINS', 'PRIVILEGES'],
  ...[
    'PROCEDURE CODE',
    'PROCEDURE STATUS',
    'PROCESSLIST',
    'PROFILE',
    'PROFILES',
    'REPLICA STATUS',
    'REPLICAS',
  ],
  ...['STATUS', 'TABLE STATUS', 'TABLE TYPES', 'TABLES', 'TRIGGERS', 'VARIABLES', 'WARNINGS'],
]);

export function show(a: Analysis, statement: Show): StatementResult {
  const { table, where, limit } = statement;
  const what = shownBy(statement.what);
  if (!SHOWN.has(what)) throw new Unreadable(`SHOW ${what}, which Sluice does not know`);
  a.effects |= READ;
  if (table !== null) mention(a, table, READ);
  for (const [words, schema, name] of TABLES_BEHIND) {
    if (words.test(what)) a.uses.addRelation({ schema, name }, READ, 'direct', true);
  }
  const counted = counters(a, what, statement);
  if (where !== null) expression(a, where, describedRows(counted), 'filter');
  if (limit !== null) lookAtLimit(a, limit, describedRows(null));
  const described: StatementResult = { kind: `SHOW ${what}`, act: NO_ACT, ...DESCRIBING };
  return counted === null ? described : { ...described, shape: counted };
}

function shownBy(written: string): string {
  const what = written.replace(HOW_MUCH, '');
  return SAME.get(what) ?? what;
}

/** Columns of what is shown: none of them is a table's, save those that count. */
function describedRows(counted: Shape | null): Scope {
  const scope = new Scope(null);
  const shape: Shape = { columns: counted?.columns ?? [], open: true, rest: counted?.rest ?? NOWHERE };
  scope.ranges.push({ ...shape, alias: '', schema: null, relation: null });
  return scope;
}

export function describe(a: Analysis, { table }: Extract<Statement, { is: 'describe' }>): StatementResult {
  a.effects |= READ;
  mention(a, table, READ);
  return { kind: 'DESCRIBE', act: NO_ACT, ...DESCRIBING };
}

/** The plan of what another session runs. */
export function explainConnection(a: Analysis): StatementResult {
  a.addEffects('admin');
  return { kind: 'EXPLAIN FOR CONNECTION', act: NO_ACT, ...DESCRIBING };
}
