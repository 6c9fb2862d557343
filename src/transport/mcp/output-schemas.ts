/** Output schemas of tools, as the server has shown them last: what is masked has to fit them still. */

const SCHEMAS_MAX = 5_000;
const SCHEMA_BYTES_MAX = 1024 * 1024;

export class OutputSchemas {
  readonly #schemas = new Map<string, Buffer>();

  /** `schema` null: the tool has none. */
  set(tool: string, schema: Buffer | null): void {
    this.#schemas.delete(tool);
    if (schema === null || schema.length > SCHEMA_BYTES_MAX) return;
    this.#schemas.set(tool, Buffer.from(schema));
    if (this.#schemas.size > SCHEMAS_MAX) this.#schemas.delete(this.#schemas.keys().next().value ?? '');
  }

  /** Null: it has none, or none is known. */
  of(tool: string): Buffer | null {
    return this.#schemas.get(tool) ?? null;
  }
}
