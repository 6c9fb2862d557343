/** Tests of JSON values, for rules on bodies of requests and on arguments of tools. */
import { z } from 'zod';
import type { BodyFacts } from '../core/requests.ts';
import { type JsonDocument, pointerTokens } from '../json/index.ts';
import { compileGlob } from './globs.ts';
import { isRounded, numberIn, spellingsOf } from './lenient-values.ts';
import type { Quantifier } from './pattern.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const valueTest = z.union(
  [
    z.array(scalar).min(1),
    z
      .strictObject({
        over: z.number().optional(),
        under: z.number().optional(),
        present: z.boolean().optional(),
      })
      .refine((test) => Object.values(test).some((value) => value !== undefined), {
        message: 'expected over, under or present',
        when: ({ issues }) => issues.length === 0,
      }),
  ],
  { error: 'expected a list of values, such as [transfer, "pay*"], or { over: 1000 }' },
);

/** JSON Pointers (RFC 6901) in which `*` stands for every member or item, each with what is asked of the value. */
export const valueTestsSchema = z
  .record(
    z.string().refine((pointer) => pointerTokens(pointer) !== null, {
      message: 'expected a JSON pointer such as /amount or /items/*/sku',
    }),
    valueTest,
  )
  .refine((tests) => Object.keys(tests).length > 0, { message: 'expected at least one JSON pointer' });

export type ValueTestsDocument = z.output<typeof valueTestsSchema>;

const NONE = -1;

/**
 * All tests have to hold. `some`, which is asked for deny rules, is read as a lenient server would: a name in another
 * case, a number as text, a path by another way, a list in place of one thing and one thing in place of a list; a body
 * that Sluice cannot read may say anything. `every` takes what is written only, and wants every value at the pointer to
 * pass.
 */
export function compileValueTests(
  document: ValueTestsDocument,
): (body: BodyFacts, quantifier: Quantifier) => boolean {
  const tests = Object.entries(document).map(([pointer, written]) => ({
    tokens: pointerTokens(pointer) ?? [],
    some: compileTest(written, true),
    every: compileTest(written, false),
    absence: !Array.isArray(written) && written.present === false,
  }));
  return (body, quantifier) => {
    if (body.kind === 'unread') return quantifier === 'some';
    if (body.kind === 'open') return quantifier === 'every';
    return tests.every(({ tokens, some, every, absence }) => {
      const nodes = body.kind !== 'json' ? [] : find(body.document, body.node, tokens, quantifier === 'some');
      if (absence) return nodes.length === 0;
      if (body.kind !== 'json' || nodes.length === 0) return false;
      const { document: json } = body;
      return quantifier === 'some'
        ? nodes.some((node) => holdsAny(json, node, some))
        : nodes.every((node) => every(json, node));
    });
  };
}

function find(
  json: JsonDocument,
  root: number,
  tokens: readonly string[],
  lenient: boolean,
): readonly number[] {
  let nodes: readonly number[] = [root];
  for (const token of tokens) {
    nodes = nodes.flatMap((node) => {
      // A server that takes a list may take one thing for a list of it.
      if (token === '*') return [...(lenient && !json.isArray(node) ? [node] : []), ...json.children(node)];
      const isIndex = /^(0|[1-9]\d{0,8})$/.test(token);
      if (lenient && !isIndex)
        return [...thingsIn(json, node)].flatMap((one) => present(json.similarMember(one, token)));
      if (json.isArray(node)) return present(isIndex ? json.item(node, Number(token)) : NONE);
      return present(lenient ? json.similarMember(node, token) : json.member(node, token));
    });
  }
  return nodes;
}

/** And one that takes one thing may take each of a list, or the only one in it. */
function* thingsIn(json: JsonDocument, node: number): Iterable<number> {
  if (!json.isArray(node)) yield node;
  else for (const item of json.children(node)) yield* thingsIn(json, item);
}

function present(node: number): readonly number[] {
  return node === NONE ? [] : [node];
}

/** Of a list, any item: in more than one language a list of one thing passes for the thing. */
function holdsAny(json: JsonDocument, node: number, test: Test): boolean {
  if (test(json, node)) return true;
  return json.isArray(node) && [...json.children(node)].some((item) => holdsAny(json, item, test));
}

type Test = (json: JsonDocument, node: number) => boolean;

function compileTest(written: ValueTestsDocument[string], lenient: boolean): Test {
  if (Array.isArray(written)) {
    const tests = written.map((value) => compileScalar(value, lenient));
    return (json, node) => tests.some((test) => test(json, node));
  }
  const { over, under } = written;
  return (json, node) => {
    if (over === undefined && under === undefined) return true;
    const number = lenient ? lenientNumberAt(json, node) : numberAt(json, node);
    if (number === null) return false;
    if (number === 'unknown') return true;
    const onBound = lenient && (number === over || number === under) && isRounded(textAt(json, node));
    return onBound || ((over === undefined || number > over) && (under === undefined || number < under));
  };
}

function compileScalar(value: z.output<typeof scalar>, lenient: boolean): Test {
  if (typeof value === 'string') {
    const glob = compileGlob(value, lenient);
    return (json, node) => {
      const text = json.text(node);
      if (text !== null) return lenient ? spellingsOf(text).some(glob) : glob(text);
      return lenient && json.kind(node) === 'number' && glob(json.written(node));
    };
  }
  if (typeof value === 'number')
    return (json, node) => (lenient ? lenientNumberAt(json, node) : numberAt(json, node)) === value;
  const word = String(value);
  return (json, node) =>
    json.kind(node) === word || (lenient && json.text(node)?.trim().toLowerCase() === word);
}

function numberAt(json: JsonDocument, node: number): number | null {
  return json.kind(node) === 'number' ? Number(json.written(node)) : null;
}

function lenientNumberAt(json: JsonDocument, node: number): number | 'unknown' | null {
  if (json.kind(node) === 'number') return Number(json.written(node));
  const text = json.text(node);
  return text === null ? null : numberIn(text);
}

/** A text, or a number as it is written. */
function textAt(json: JsonDocument, node: number): string {
  return json.text(node) ?? json.written(node);
}
