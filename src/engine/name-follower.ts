/**
 * Keeps masks on columns of MySQL and MariaDB that are renamed, or whose table is, after the policy was written. The
 * servers number no columns that anybody may read. So where a masked name goes, what has come at the same time may be
 * it, and stays masked until another policy is in force: more than one column, if need be.
 */
import type { Mask } from '../policy/mask.ts';
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
  const hasGone = [...before.keys()].some((key) => !now.has(key));
  for (const [key, table] of before) {
    const masked = table.columns.filter((column) => mask.covers(table.schema, table.name, column));
    if (masked.length === 0) continue;
    const same = now.get(key);
    const isWhole = same !== undefined && hasAll(same, masked);
    // Another table may have come in its place, and the table itself be elsewhere, as when a copy takes over.
    if (!isWhole || hasGone) followTable(mask, table, masked, before, now);
    if (same === undefined || isWhole) continue;
    for (const column of same.columns)
      if (!table.columns.includes(column)) mask.follow({ ...nameOf(same), column });
  }
}

/** The table may be any that has come, or changed, and has its masked columns now. */
function followTable(mask: Mask, gone: Table, masked: readonly string[], before: Tables, now: Tables): void {
  for (const [key, table] of now) {
    const earlier = before.get(key);
    if (earlier !== undefined && hasAll(earlier, table.columns)) continue;
    if (!hasAll(table, masked) || table.columns.length !== gone.columns.length) continue;
    for (const column of masked) mask.follow({ ...nameOf(table), column });
  }
}

function hasAll(table: Table, columns: readonly string[]): boolean {
  return columns.every((column) => table.columns.includes(column));
}

function nameOf({ schema, name }: Table): { readonly schema: string; readonly table: string } {
  return { schema, table: name };
}
