/**
 * What a server offers: tools, prompts, resources, templates, as lists show them. A definition is what a model acts on,
 * so that it is looked at whole, and a changed one is another one.
 */
import type { JsonDocument } from '../../src/json/index.ts';
import type { Method } from './methods.ts';
import { hiddenCharacterIn, nameProblem, skeletonOf } from './names.ts';

const NONE = -1;

export type OfferKind = 'tool' | 'prompt' | 'resource' | 'template';

/** One item of a list. `node` is that of the document. */
export interface Offer {
  readonly kind: OfferKind;
  readonly node: number;
  /** By which it is called: a name, or a URI. */
  readonly name: string;
  /** What the name looks like. */
  readonly skeleton: string;
  /** Why it is not shown to anybody; null: nothing is wrong with it as it stands. */
  readonly problem: string | null;
}

interface OfferList {
  readonly kind: OfferKind;
  readonly member: string;
  readonly nameMember: string;
}

const LISTS: ReadonlyMap<Method, OfferList> = new Map<Method, OfferList>([
  ['tools/list', { kind: 'tool', member: 'tools', nameMember: 'name' }],
  ['prompts/list', { kind: 'prompt', member: 'prompts', nameMember: 'name' }],
  ['resources/list', { kind: 'resource', member: 'resources', nameMember: 'uri' }],
  ['resources/templates/list', { kind: 'template', member: 'resourceTemplates', nameMember: 'uriTemplate' }],
]);

/** Schemas deeper than this are not shown: validating them is work without bound. */
const SCHEMA_DEPTH_MAX = 64;
/** RFC 9110, 5.1: a token, which here is a part of a field's name. */
const HEADER = /^[!#$%&'*+\-.^_`|~0-9a-z]{1,128}$/;

/** What a result of a list shows; null where the method is none of a list, or the result has no list. */
export function offersOf(document: JsonDocument, result: number, method: Method): readonly Offer[] | null {
  const list = LISTS.get(method);
  const items = list === undefined ? NONE : document.member(result, list.member);
  if (list === undefined || !document.isArray(items)) return null;
  return [...document.children(items)].map((node) => offerAt(document, node, list));
}

function offerAt(document: JsonDocument, node: number, { kind, nameMember }: OfferList): Offer {
  const name = document.text(document.member(node, nameMember)) ?? '';
  const problem =
    nameProblem(kind === 'tool' ? 'tool' : 'other', name) ??
    hiddenIn(document, node) ??
    (kind === 'tool' ? schemaProblem(document, node) : null);
  return { kind, node, name, skeleton: skeletonOf(name), problem };
}

/** Characters that a person reviewing it would not see, anywhere in it. */
function hiddenIn(document: JsonDocument, node: number): string | null {
  for (const one of subtree(document, node)) {
    const hidden = hiddenCharacterIn(document.name(one) ?? '') ?? hiddenCharacterIn(document.text(one) ?? '');
    if (hidden !== null)
      return `has a hidden character (${hidden}) at ${document.pointerOf(one).slice(document.pointerOf(node).length)}`;
  }
  return null;
}

function schemaProblem(document: JsonDocument, node: number): string | null {
  for (const member of ['inputSchema', 'outputSchema']) {
    const schema = document.member(node, member);
    if (schema === NONE) continue;
    const headers = new Set<string>();
    for (const one of subtree(document, schema)) {
      if (depthOf(document, one, schema) > SCHEMA_DEPTH_MAX)
        return `has an ${member} nested more than ${SCHEMA_DEPTH_MAX} deep`;
      const reference = document.name(one) === '$ref' ? document.text(one) : null;
      // A reference to the network would be fetched by whoever validates (2026-07-28, $ref resolution).
      if (reference !== null && !reference.startsWith('#'))
        return `has an ${member} that refers to another document`;
      if (
        member === 'inputSchema' &&
        document.name(one) === 'x-mcp-header' &&
        !holdsProperties(document, document.parent(one))
      ) {
        const header = document.text(one)?.toLowerCase() ?? '';
        if (!HEADER.test(header)) return `has an ${member} that asks for a header with no name for one`;
        if (headers.has(header)) return `has an ${member} that asks for one header twice`;
        headers.add(header);
      }
    }
  }
  return null;
}

/** Whether a node holds properties by their names, so that a name in it is no keyword. */
function holdsProperties(document: JsonDocument, holder: number): boolean {
  return document.name(holder) === 'properties';
}

function depthOf(document: JsonDocument, node: number, from: number): number {
  let depth = 0;
  for (let at = node; at !== from && at !== NONE; at = document.parent(at)) depth++;
  return depth;
}

/** A node and everything in it: the numbers of a subtree follow each other. */
function* subtree(document: JsonDocument, node: number): Generator<number> {
  const end = document.end(node);
  for (let one = node; one < document.count && document.start(one) < end; one++) yield one;
}

/**
 * Everything of a definition that is read by a model or a client, as bytes that are equal for equal definitions: members
 * in the order of their names, no white space. Numbers stay as they are written. Its hash is what a review is about.
 */
export function canonicalBytes(document: JsonDocument, node: number): Buffer {
  return Buffer.from(canonical(document, node, document.member(node, '_meta')), 'utf8');
}

/** Bounded by the document's own depth, which the scanner has limited. `meta`: the definition's own _meta, or -1. */
function canonical(document: JsonDocument, node: number, meta: number): string {
  switch (document.kind(node)) {
    case 'object': {
      const members = [...document.children(node)]
        .map((child) => ({ name: document.name(child) ?? '', child }))
        .filter(({ name }) => node !== meta || !isVolatile(name))
        .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
      return `{${members.map(({ name, child }) => `${JSON.stringify(name)}:${canonical(document, child, meta)}`).join(',')}}`;
    }
    case 'array':
      return `[${[...document.children(node)].map((child) => canonical(document, child, meta)).join(',')}]`;
    case 'string':
      return JSON.stringify(document.text(node) ?? '');
    default:
      return document.written(node);
  }
}

/** What a server says anew each time in _meta: who it is, and the trace of the request. Elsewhere it is data of such a name. */
function isVolatile(name: string): boolean {
  return name === 'traceparent' || name === 'tracestate' || name === 'io.modelcontextprotocol/serverInfo';
}

/** Parameters of a tool that have to stand in headers as well, by header name in lower case; a pointer from `arguments`. */
export function mirroredParameters(document: JsonDocument, tool: number): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const schema = document.member(tool, 'inputSchema');
  if (schema === NONE) return found;
  const visit = (properties: number, pointer: string) => {
    if (!document.isObject(properties)) return;
    for (const property of document.children(properties)) {
      const step = (document.name(property) ?? '').replaceAll('~', '~0').replaceAll('/', '~1');
      const header = document.text(document.member(property, 'x-mcp-header'));
      if (header !== null) found.set(header.toLowerCase(), `${pointer}/${step}`);
      visit(document.member(property, 'properties'), `${pointer}/${step}`);
    }
  };
  visit(document.member(schema, 'properties'), '');
  return found;
}
