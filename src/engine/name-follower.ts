/**
 * Keeps masks on columns of MySQL and MariaDB that are renamed, or whose table is, after the policy was written. The
 * servers number no columns that anybody may read. So where a masked name goes, what has come at the same time may be
 * it, and stays masked until another policy is in force: more than one column, if need be.
 */
import type { Mask } from '../policy/masks.ts';
import type { Policy } from '../policy/policy.ts';
import type { MysqlCatalog } from '../sql/index.ts';

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

type Tables = ReadonlyMap<string, Table>;

export class NameFollower {
  #masks: readonly Mask[] = [];
  /** By listener. */
  readonly #tables = new Map<string, Tables>();

  policyChanged(policy: Policy): void {
    this.#masks = policy.masks.filter((mask) => mask.isOfColumns);
  }

  /** To be called before anything is judged by the catalog. */
  catalogChanged(listener: string, catalog: MysqlCatalog): void {
    const before = this.#tables.get(listener);
    const now = tablesOf(catalog);
    this.#tables.set(listener, now);
    if (before === undefined) return;
    for (const mask of this.#masks) follow(mask, before, now);
  }
}

function tablesOf(catalog: MysqlCatalog): Tables {
  const tables = new Map<string, Table>();
  for (const { schema, name, columns } of catalog.userTables()) {
    tables.set(`${schema}\0${name}`, { schema, name, columns: columns.map((column) => column.name) });
  }
  return tables;
}

function follow(mask: Mask, before: Tables, now: Tables): void {
  for (const [key, table] of before) {
    const masked = table.columns.filter((column) => mask.covers(table.schema, table.name, column));
    if (masked.length === 0) continue;
    const same = now.get(key);
    if (same === undefined) followTable(mask, table, masked, before, now);
    else if (masked.some((column) => !same.columns.includes(column))) {
      for (const column of same.columns)
        if (!table.columns.includes(column)) mask.follow({ ...nameOf(same), column });
    }
  }
}

/** The table is gone: it may be any that has come and has its masked columns. */
function followTable(mask: Mask, gone: Table, masked: readonly string[], before: Tables, now: Tables): void {
  for (const [key, table] of now) {
    if (before.has(key) || !masked.every((column) => table.columns.includes(column))) continue;
    if (table.columns.length !== gone.columns.length) continue;
    for (const column of masked) mask.follow({ ...nameOf(table), column });
  }
}

function nameOf({ schema, name }: Table): { readonly schema: string; readonly table: string } {
  return { schema, table: name };
}
