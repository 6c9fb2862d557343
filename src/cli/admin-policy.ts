/** The policy in force as the admin API shows it, and statements tried against it with the catalog that is live. */

import type { PolicyPort } from '../admin/ports.ts';
import { Refusal } from '../admin/refusal.ts';
import { type PolicyInfo, type Trial, type Tried, triedSchema } from '../admin/wire.ts';
import type { ListenerConfig } from '../config/schema.ts';
import type { RecordDuty } from '../core/responses.ts';
import type { RuleAction } from '../policy/rule.ts';
import { type Catalog, MysqlCatalog, sqlModeOf } from '../sql/index.ts';
import { readSearchPath } from '../transport/catalog-source.ts';
import { budgetText, rateText } from './budget-text.ts';
import { errorText } from './error-text.ts';
import { explain } from './explanation.ts';
import { explanationJson } from './explanation-json.ts';
import { type Ground, MysqlGround, PostgresGround } from './ground.ts';
import type { ServedUpstream, Shared } from './listeners.ts';
import { readSqlMode } from './mysql-catalogs.ts';
import { accountOf, mysqlAccountOf } from './upstream-account.ts';

export class AdminPolicy implements PolicyPort {
  readonly #shared: Shared;
  readonly #catalogs: readonly (ServedUpstream['catalog'] | null)[];
  /** A ground is made once for each epoch of a catalog: it asks the server how a session begins. */
  readonly #grounds = new WeakMap<Catalog | MysqlCatalog, Promise<Ground>>();

  constructor(shared: Shared, catalogs: readonly (ServedUpstream['catalog'] | null)[]) {
    this.#shared = shared;
    this.#catalogs = catalogs;
  }

  current(): PolicyInfo {
    const { policy, config } = this.#shared;
    const { document, rules, masks, version } = policy.current;
    const written = new Map(document.rules.map((rule) => [rule.name, rule]));
    return {
      version,
      default: document.default,
      mode: document.mode,
      rules: rules.map(({ name, action, message, observe }) => ({
        name,
        source: written.has(name) ? ('file' as const) : ('baseline' as const),
        action: actionText(action),
        when: JSON.stringify(written.get(name)?.when ?? {}),
        message,
        observe,
      })),
      masks: masks.map(({ name, choice, inference }) => ({ name, with: choice.masker, inference })),
      listeners: config.listeners.map(({ name }) => name),
      users: config.identity.users.map(({ name, groups }) => ({ name, groups })),
    };
  }

  async try({ listener: named, sql, user, groups, parameters }: Trial): Promise<Tried> {
    const n = this.#shared.config.listeners.findIndex(({ name }) => name === named);
    const listener = this.#shared.config.listeners[n];
    const catalog = this.#catalogs[n]?.current ?? null;
    if (listener === undefined) throw new Refusal(404, `There is no listener "${named}".`);
    if (listener.protocol === 'http')
      throw new Refusal(400, `Listener "${named}" takes HTTP requests and no statements.`);
    if (sql.includes('\0')) throw new Refusal(400, 'The statement holds a NUL byte, which no client sends.');
    if (catalog === null)
      throw new Refusal(503, `The catalog of listener "${named}" could not be read; its log says why.`);
    const ground = await this.#groundOf(listener, catalog);
    const judging = { ground, policy: { policy: this.#shared.policy.current } };
    const context = { principal: { name: user, groups }, listener: named, clientAddress: null };
    const explained = await explain(judging, { sql, context, parameters, atMs: Date.now() });
    const json = explanationJson(explained, { ground, warnings: [] });
    return triedSchema.parse({ ...json, server: ground.server });
  }

  async #groundOf(listener: ListenerConfig, catalog: Catalog | MysqlCatalog): Promise<Ground> {
    const known = this.#grounds.get(catalog);
    if (known !== undefined) return known;
    const made =
      catalog instanceof MysqlCatalog
        ? this.#mysqlGround(listener, catalog)
        : this.#postgresGround(listener, catalog);
    this.#grounds.set(catalog, made);
    try {
      return await made;
    } catch (error) {
      this.#grounds.delete(catalog);
      throw new Refusal(503, `The server behind "${listener.name}" does not answer: ${errorText(error)}`);
    }
  }

  async #postgresGround({ upstream }: ListenerConfig, catalog: Catalog): Promise<Ground> {
    const { tools, directory } = this.#shared;
    const path = await readSearchPath(accountOf(upstream, directory), upstream.options);
    return new PostgresGround(catalog, await tools.loadPostgresReader(catalog.major), path);
  }

  async #mysqlGround({ upstream }: ListenerConfig, catalog: MysqlCatalog): Promise<Ground> {
    const sqlMode = sqlModeOf(await readSqlMode(mysqlAccountOf(upstream, this.#shared.directory)));
    const schema = upstream.database === '' ? null : upstream.database;
    return new MysqlGround({ catalog, schema, sqlMode, temporary: [] });
  }
}

function recordText(record: RecordDuty | 'off'): string {
  if (record === 'off') return 'record no responses';
  return record.rows === null && record.bytes === null
    ? 'record responses whole'
    : 'record responses sampled';
}

/** `deny`, `approve by dba`, `limit 500 rows, 1048576 bytes`. */
function actionText(action: RuleAction): string {
  switch (action.kind) {
    case 'approve':
      return `approve by ${action.approval.by.join(', ')}`;
    case 'limit':
      return `limit ${action.limits.map(({ max, unit }) => `${max} ${unit}`).join(', ')}`;
    case 'budget':
      return `budget ${budgetText(action.budget)}`;
    case 'rate':
      return `rate ${rateText(action.rate)}`;
    case 'record':
      return recordText(action.record);
    case 'allow':
    case 'deny':
      return action.kind;
  }
}
