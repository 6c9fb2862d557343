/**
 * The scanner of PostgreSQL 18 itself, as libpg-query exposes it: what our own lexer is held against. The older
 * packages do not export it; for them tests compare parse trees.
 */
import { createRequire } from 'node:module';
import { isArray, isObject, parseJson } from '../../src/core/json.ts';

export type TokenKind = 'integer' | 'decimal' | 'string' | 'comment' | 'other';

export interface ServerToken {
  /** In bytes. */
  readonly start: number;
  readonly end: number;
  /** The number of the token in the grammar. */
  readonly type: number;
  readonly kind: TokenKind;
}

interface Module {
  readonly HEAPU8: Uint8Array;
  UTF8ToString(address: number): string;
  _malloc(bytes: number): number;
  _free(address: number): void;
  _wasm_scan(address: number): number;
  _wasm_free_string(address: number): void;
}

export class ServerScanner {
  readonly #module: Module;
  readonly #kinds = new Map<number, TokenKind>();

  private constructor(module: Module) {
    this.#module = module;
    // The numbers of the tokens change with every version, so they are asked for.
    const samples: readonly (readonly [string, TokenKind])[] = [
      ['1', 'integer'],
      ['1.5', 'decimal'],
      ["'a'", 'string'],
      ['/* a */', 'comment'],
      ['-- a', 'comment'],
    ];
    for (const [sample, kind] of samples) {
      const [token] = this.scan(Buffer.from(sample)) ?? [];
      if (token === undefined) throw new Error(`the scanner gives nothing for ${sample}`);
      this.#kinds.set(token.type, kind);
    }
  }

  static async load(): Promise<ServerScanner> {
    const factory: (options: object) => Promise<Module> = createRequire(import.meta.url)(
      'libpg-query-18/wasm/libpg-query.js',
    );
    return new ServerScanner(await factory({}));
  }

  /** The tokens of a text, comments included; null where the scanner itself refuses it. */
  scan(text: Buffer): readonly ServerToken[] | null {
    const module = this.#module;
    const address = module._malloc(text.length + 1);
    module.HEAPU8.set(text, address);
    module.HEAPU8[address + text.length] = 0;
    const result = module._wasm_scan(address);
    const answer = module.UTF8ToString(result);
    module._wasm_free_string(result);
    module._free(address);
    if (!answer.startsWith('{')) return null;
    // libpg-query leaves control characters in its JSON as they are.
    const parsed = parseJson(answer.replaceAll(/\p{Cc}/gu, ' '));
    const tokens = isObject(parsed) ? parsed['tokens'] : undefined;
    if (tokens === undefined || !isArray(tokens)) return [];
    return tokens.filter(isObject).map((token) => {
      const type = Number(token['tokenType']);
      const kind = this.#kinds.get(type) ?? 'other';
      return { start: Number(token['start'] ?? 0), end: Number(token['end'] ?? 0), type, kind };
    });
  }
}

/** Statements that drivers, tools and ORMs sent to a real server; see fixtures/captures/README.md. */
export function statementsOf(captures: string): readonly string[] {
  const parsed = parseJson(captures);
  if (!isArray(parsed)) throw new Error('captures of unexpected shape');
  return parsed.flatMap((item) => (isObject(item) && typeof item['sql'] === 'string' ? [item['sql']] : []));
}
