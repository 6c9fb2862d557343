/**
 * Keeps masks on columns that are renamed, or whose table is, after the policy was written: a column that had a
 * masked name once is known by the server's own numbers, and stays masked until another policy is in force.
 */
import type { Mask } from '../policy/mask.ts';
import type { Policy } from '../policy/policy.ts';
import type { Catalog } from '../sql/index.ts';

export class MaskFollower {
  #policy: Policy | null = null;
  /** By listener: each upstream has numbers of its own. */
  readonly #catalogs = new Map<string, Catalog>();
  readonly #masked = new Map<string, Mask>();

  policyChanged(policy: Policy): void {
    this.#policy = policy;
    this.#masked.clear();
    for (const [listener, catalog] of this.#catalogs) this.#follow(listener, catalog);
  }

  /** To be called before anything is judged by the catalog. */
  catalogChanged(listener: string, catalog: Catalog): void {
    this.#catalogs.set(listener, catalog);
    this.#follow(listener, catalog);
  }

  #follow(listener: string, catalog: Catalog): void {
    const masks = this.#policy?.masks.filter((mask) => mask.isOfColumns) ?? [];
    if (masks.length === 0) return;
    for (const { schema, name: table, oid, columns } of catalog.userRelations()) {
      if (oid === null) continue;
      for (const { name: column, number } of columns) {
        const id = `${listener} ${oid} ${number}`;
        const own = masks.find((mask) => mask.covers(schema, table, column));
        if (own !== undefined) this.#masked.set(id, own);
        else this.#masked.get(id)?.follow({ schema, table, column });
      }
    }
  }
}
