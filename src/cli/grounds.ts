/** What statements of a listener are read by while nobody sends them: its catalog, and how a session there begins. */
import { Refusal } from '../admin/refusal.ts';
import type { LoadedConfig } from '../config/load.ts';
import { type ListenerConfig, sqlListenersOf } from '../config/schema.ts';
import { type Catalog, MysqlCatalog, sqlModeOf } from '../sql/index.ts';
import { readSearchPath } from '../transport/catalog-source.ts';
import { errorText } from './error-text.ts';
import { type Ground, MysqlGround, PostgresGround } from './ground.ts';
import type { AnyCatalog } from './known-catalog.ts';
import type { ServedUpstream, Shared } from './listeners.ts';
import { readSqlMode } from './mysql-catalogs.ts';
import { premisesOf } from './premises.ts';
import { accountOf, mysqlAccountOf } from './upstream-account.ts';

export interface Grounds {
  /** Throws a Refusal where there is none. */
  of(listener: ListenerConfig): Promise<Ground>;
  /** Catalogs by listener of the configuration; null: not read, or of a listener that takes no SQL. */
  catalogs(): readonly (AnyCatalog | null)[];
}

/** Of a running Sluice, from the catalogs that its listeners use. */
export class LiveGrounds implements Grounds {
  readonly #shared: Pick<Shared, 'tools' | 'directory' | 'config'>;
  readonly #catalogs: readonly (ServedUpstream['catalog'] | null)[];
  /** A ground is made once for each epoch of a catalog: it asks the server how a session begins. */
  readonly #grounds = new WeakMap<AnyCatalog, Promise<Ground>>();

  constructor(
    shared: Pick<Shared, 'tools' | 'directory' | 'config'>,
    catalogs: readonly (ServedUpstream['catalog'] | null)[],
  ) {
    this.#shared = shared;
    this.#catalogs = catalogs;
  }

  catalogs(): readonly (AnyCatalog | null)[] {
    return sqlListenersOf(this.#shared.config).map(({ n }) => this.#catalogs[n]?.current ?? null);
  }

  async of(listener: ListenerConfig): Promise<Ground> {
    const n = this.#shared.config.listeners.findIndex(({ name }) => name === listener.name);
    const catalog = this.#catalogs[n]?.current ?? null;
    if (catalog === null)
      throw new Refusal(
        503,
        `The catalog of listener "${listener.name}" could not be read; its log says why.`,
      );
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

/** How long a catalog that was read for a tool beside Sluice serves. */
const READ_AGAIN_MS = 60_000;

/** Beside a running Sluice: the servers are asked for their catalogs as `sluice explain` asks them. */
export class ReadGrounds implements Grounds {
  readonly #loaded: LoadedConfig;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #read = new Map<string, { readonly atMs: number; readonly ground: Promise<Ground> }>();
  readonly #catalogs = new Map<string, AnyCatalog>();

  constructor(loaded: LoadedConfig, environment: Readonly<Record<string, string | undefined>>) {
    this.#loaded = loaded;
    this.#environment = environment;
  }

  catalogs(): readonly (AnyCatalog | null)[] {
    return sqlListenersOf(this.#loaded.config).map(
      ({ listener }) => this.#catalogs.get(listener.name) ?? null,
    );
  }

  async of({ name }: ListenerConfig): Promise<Ground> {
    const known = this.#read.get(name);
    if (known !== undefined && performance.now() - known.atMs < READ_AGAIN_MS) return known.ground;
    const ground = this.#ask(name);
    this.#read.set(name, { atMs: performance.now(), ground });
    try {
      const made = await ground;
      this.#catalogs.set(name, made.catalog);
      return made;
    } catch (error) {
      this.#read.delete(name);
      throw new Refusal(503, errorText(error));
    }
  }

  async #ask(listener: string): Promise<Ground> {
    const { ground } = await premisesOf({
      config: this.#loaded.file,
      listener,
      policy: undefined,
      schema: undefined,
      upstream: undefined,
      dialect: undefined,
      serverVersion: undefined,
      searchPath: null,
      environment: this.#environment,
    });
    return ground;
  }
}
