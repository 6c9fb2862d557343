/**
 * libpg-query, the server's own grammar compiled to WebAssembly, as disposable instances.
 *
 * A few statements of ten thousand exhaust an instance's stack and leave its memory in an unknown state: from
 * then on it may hang or answer wrongly. So any error other than libpg-query's own report of a bad statement
 * discards the instance, and the statement counts as unreadable. Spare instances are made ahead of need,
 * because making one is asynchronous (2 to 5 ms) and judging is not.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isObject, type Json, parseJson } from '../../core/json.ts';

/** The part of the WebAssembly API that is used; TypeScript has it only in its browser library. */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;
  type Exports = Record<string, unknown>;
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Exports;
  }
}

export const PARSER_MAJORS = [13, 14, 15, 16, 17, 18] as const;
export type ParserMajor = (typeof PARSER_MAJORS)[number];

export type ParseOutcome =
  | { readonly outcome: 'tree'; readonly tree: Json }
  /** `offset`: 0-based, in characters (code points), as libpg-query reports it; null where it reports none. */
  | { readonly outcome: 'syntax-error'; readonly message: string; readonly offset: number | null }
  /** The parser failed in itself. Nothing is known of the statement. */
  | { readonly outcome: 'failed' }
  /** No instance is ready yet; `ready()` says when to ask again. */
  | { readonly outcome: 'busy' };

/** The part of the Emscripten module that is used; offsets are in the module's own memory. */
interface Instance {
  readonly HEAPU8: Uint8Array;
  getValue(address: number, type: 'i32'): number;
  UTF8ToString(address: number): string;
  _malloc(bytes: number): number;
  _free(address: number): void;
  _wasm_parse_query_raw(address: number): number;
  _wasm_free_parse_result(address: number): void;
}

interface ModuleOptions {
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): WebAssembly.Exports;
}

type Factory = (options: ModuleOptions) => Promise<Instance>;

const SPARES = 3;
/** A retired instance's memory is given back; one that has parsed this much starts to look like a leak. */
const PARSES_PER_INSTANCE = 200_000;

/** PgQueryParseResult and PgQueryError of libpg_query's pg_query.h, 32-bit pointers. */
const RESULT_TREE = 0;
const RESULT_ERROR = 8;
const ERROR_MESSAGE = 0;
const ERROR_CURSOR = 16;

export class PostgresParser {
  readonly major: ParserMajor;
  /** Instances discarded because the parser failed in itself. */
  discarded = 0;
  readonly #make: () => Promise<Instance>;
  readonly #spares: Instance[] = [];
  #current: Instance | null = null;
  #parses = 0;
  #making: Promise<void> | null = null;

  private constructor(major: ParserMajor, make: () => Promise<Instance>) {
    this.major = major;
    this.#make = make;
  }

  /** Loads the parser of one server version; resolves when an instance and its spares are ready. */
  static async load(major: ParserMajor): Promise<PostgresParser> {
    const require = createRequire(import.meta.url);
    const factory: Factory = require(`libpg-query-${major}/wasm/libpg-query.js`);
    const module = new WebAssembly.Module(
      readFileSync(require.resolve(`libpg-query-${major}/wasm/libpg-query.wasm`)),
    );
    const parser = new PostgresParser(major, () =>
      factory({
        instantiateWasm(imports, receive) {
          const instance = new WebAssembly.Instance(module, imports);
          receive(instance, module);
          return instance.exports;
        },
      }),
    );
    await parser.ready();
    return parser;
  }

  /** Resolves once `parse` has an instance to use. */
  async ready(): Promise<void> {
    await this.#refill();
  }

  /** Parses `bytes[start, end)`, UTF-8 without NUL. Never throws. */
  parse(bytes: Buffer, start: number, end: number): ParseOutcome {
    // Clients send an empty query to see whether the session lives; libpg-query before 18 does not take one.
    if (end === start) return { outcome: 'tree', tree: {} };
    const instance = this.#current ?? this.#spares.pop() ?? null;
    if (instance === null) {
      this.#refillSoon();
      return { outcome: 'busy' };
    }
    this.#current = instance;
    if (++this.#parses > PARSES_PER_INSTANCE) this.#retire();
    try {
      return run(instance, bytes, start, end);
    } catch {
      this.discarded++;
      this.#retire();
      return { outcome: 'failed' };
    }
  }

  #retire(): void {
    this.#current = null;
    this.#parses = 0;
    this.#refillSoon();
  }

  /** Where no instance can be made, `parse` stays busy, and whoever waits for `ready` is told why. */
  #refillSoon(): void {
    this.#refill().catch(() => undefined);
  }

  #refill(): Promise<void> {
    this.#making ??= this.#makeSpares().finally(() => {
      this.#making = null;
    });
    return this.#making;
  }

  async #makeSpares(): Promise<void> {
    while (this.#spares.length < SPARES) this.#spares.push(await this.#make());
  }
}

function run(instance: Instance, bytes: Buffer, start: number, end: number): ParseOutcome {
  const size = end - start;
  const address = instance._malloc(size + 1);
  if (address === 0) throw new Error('out of memory in the parser');
  instance.HEAPU8.set(bytes.subarray(start, end), address);
  instance.HEAPU8[address + size] = 0;
  const result = instance._wasm_parse_query_raw(address);
  if (result === 0) throw new Error('out of memory in the parser');
  const error = instance.getValue(result + RESULT_ERROR, 'i32');
  let outcome: ParseOutcome;
  if (error !== 0) {
    const cursor = instance.getValue(error + ERROR_CURSOR, 'i32');
    outcome = {
      outcome: 'syntax-error',
      message: instance.UTF8ToString(instance.getValue(error + ERROR_MESSAGE, 'i32')),
      offset: cursor > 0 ? cursor - 1 : null,
    };
  } else {
    const tree = parseJson(instance.UTF8ToString(instance.getValue(result + RESULT_TREE, 'i32')));
    outcome = isObject(tree) ? { outcome: 'tree', tree } : { outcome: 'failed' };
  }
  instance._wasm_free_parse_result(result);
  instance._free(address);
  return outcome;
}
