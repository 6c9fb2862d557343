/**
 * Parameters of tools that stand in headers as well (MCP 2026-07-28, custom headers from tool parameters): which ones,
 * as the server's own definitions have it, and what a call's arguments come to.
 */
import { META_VERSION } from '../../../protocols/mcp/conversation.ts';
import { mirroredParameters } from '../../../protocols/mcp/definitions.ts';
import type { MirroredValue } from '../../../protocols/mcp/mirrored-headers.ts';
import { NEWEST } from '../../../protocols/mcp/revisions.ts';
import {
  isRefused,
  type JsonDocument,
  type JsonLimits,
  jsonString,
  PLAIN_JSON,
  scanJson,
} from '../../json/index.ts';
import type { ServerLeg } from './legs.ts';

const NONE = -1;
const PRINCIPALS_MAX = 1_000;
const PAGES_MAX = 100;
const OWN_ID = { key: 'ssluice-definitions', written: '"sluice-definitions"' } as const;
const MARK = Buffer.from('x-mcp-header');
/** What a client shows of itself stands in the request; a list of Sluice's own has to say something too. */
const OWN_META = `"_meta":{"${META_VERSION}":"${NEWEST}","io.modelcontextprotocol/clientInfo":{"name":"sluice","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`;

/** By header name in lower case; a pointer from `arguments`. */
type Pointers = ReadonlyMap<string, string>;

interface Definitions {
  readonly byTool: Map<string, Pointers>;
  listed: Promise<void> | null;
  /** By the monotonic clock. */
  listedAtMs: number;
}

/** Clients can have what does not fit come as often as they like. */
const AGAIN_AFTER_MS = 1_000;

export class ToolHeaders {
  readonly #byPrincipal = new Map<string, Definitions>();
  readonly #limits: JsonLimits;

  /** `bytesMax`: of one list. */
  constructor(bytesMax: number) {
    this.#limits = { ...PLAIN_JSON, bytesMax };
  }

  /**
   * Reads an answer to tools/list, as the server gave it to that principal. Gives the cursor of the next page. Here and
   * below `principal` is as `identityKey` has it.
   */
  learn(principal: string, answer: Buffer): string | null {
    const definitions = this.#of(principal);
    const document = scanJson(answer, 0, answer.length, this.#limits);
    if (isRefused(document)) return null;
    const result = document.member(document.root, 'result');
    const tools = document.member(result, 'tools');
    const asks = answer.includes(MARK);
    if (tools !== NONE)
      for (const tool of document.children(tools)) {
        const name = document.text(document.member(tool, 'name'));
        if (name === null) continue;
        const pointers = asks ? mirroredParameters(document, tool) : new Map<string, string>();
        if (pointers.size > 0) definitions.byTool.set(name, pointers);
        else definitions.byTool.delete(name);
      }
    return document.text(document.member(result, 'nextCursor'));
  }

  #of(principal: string): Definitions {
    const known = this.#byPrincipal.get(principal);
    if (known !== undefined) return known;
    const [oldest] = this.#byPrincipal.keys();
    if (this.#byPrincipal.size >= PRINCIPALS_MAX && oldest !== undefined) this.#byPrincipal.delete(oldest);
    const made = { byTool: new Map<string, Pointers>(), listed: null, listedAtMs: 0 };
    this.#byPrincipal.set(principal, made);
    return made;
  }

  /** What a call mirrors. The server is asked for its tools once for each principal, over `leg`. */
  async parametersOf(
    principal: string,
    leg: ServerLeg,
    call: { readonly document: JsonDocument; readonly tool: string; readonly arguments: number },
  ): Promise<ReadonlyMap<string, MirroredValue | null>> {
    const definitions = this.#of(principal);
    definitions.listed ??= this.#listed(principal, leg);
    await definitions.listed;
    const found = new Map<string, MirroredValue | null>();
    for (const [header, pointer] of definitions.byTool.get(call.tool) ?? []) {
      const node = call.arguments === NONE ? NONE : call.document.at(pointer, call.arguments);
      found.set(header, node === NONE ? null : headerValue(call.document, node));
    }
    return found;
  }

  /**
   * What a client shows, or what the server says, does not fit what is known: the server has other definitions by now, and
   * the list with them may have gone through another instance. False: they were asked for a moment ago.
   */
  async again(principal: string, leg: ServerLeg): Promise<boolean> {
    const definitions = this.#of(principal);
    if (performance.now() < definitions.listedAtMs + AGAIN_AFTER_MS) return false;
    definitions.listed = this.#listed(principal, leg);
    await definitions.listed;
    return true;
  }

  /** Never rejects: where the list cannot be had, it is asked for again. */
  #listed(principal: string, leg: ServerLeg): Promise<void> {
    const definitions = this.#of(principal);
    definitions.listedAtMs = performance.now();
    return this.#list(principal, leg).catch(() => {
      definitions.listed = null;
    });
  }

  async #list(principal: string, leg: ServerLeg): Promise<void> {
    let cursor: string | null = null;
    for (let page = 0; page < PAGES_MAX; page++) {
      const params: string =
        cursor === null ? OWN_META : `${OWN_META},"cursor":${jsonString(cursor).toString('utf8')}`;
      const stream = await leg.send({
        kind: 'request',
        bytes: Buffer.from(
          `{"jsonrpc":"2.0","id":${OWN_ID.written},"method":"tools/list","params":{${params}}}`,
        ),
        revision: NEWEST,
        method: 'tools/list',
        id: OWN_ID,
        subject: null,
        signal: AbortSignal.timeout(30_000),
      });
      let next: string | null = null;
      for await (const { message } of stream.events)
        if (message !== null) next = this.learn(principal, message);
      if (next === null) return;
      cursor = next;
    }
  }
}

/** Null: there is nothing that could stand in a header. */
function headerValue(document: JsonDocument, node: number): MirroredValue | null {
  switch (document.kind(node)) {
    case 'string':
      return document.text(node);
    case 'true':
      return true;
    case 'false':
      return false;
    case 'number': {
      const written = document.written(node);
      if (/^-?\d+(?:\.0+)?$/.test(written)) return BigInt(written.replace(/\.0+$/, ''));
      const value = Number(written);
      return Number.isSafeInteger(value) ? value : null;
    }
    default:
      return null;
  }
}
