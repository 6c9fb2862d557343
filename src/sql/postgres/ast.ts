/**
 * Reads libpg-query's JSON. A node is an object with one key, its tag, over an object of fields; a field that
 * is a plain struct (a RangeVar inside an InsertStmt) has no tag. Fields at their default value are left out.
 * Anything of another shape makes the statement unreadable, never silently smaller.
 */
import { isArray, isObject, type Json, type JsonObject } from '../../core/json.ts';

/** The statement holds something that Sluice does not know how to judge. Its text may go into a denial. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

export interface AstNode {
  readonly tag: string;
  readonly body: JsonObject;
}

export function asNode(value: Json | undefined): AstNode {
  if (isObject(value)) {
    for (const tag in value) {
      const body = value[tag];
      if (isObject(body)) return { tag, body };
    }
  }
  throw new Unreadable('a parse tree of unexpected shape');
}

/** A field that holds a tagged node, or null where it is absent. */
export function node(body: JsonObject, field: string): AstNode | null {
  const value = body[field];
  return value === undefined ? null : asNode(value);
}

/** A field that holds a struct without a tag (such as `relation`), or null where it is absent. */
export function struct(body: JsonObject, field: string): JsonObject | null {
  const value = body[field];
  if (value === undefined) return null;
  if (!isObject(value)) throw new Unreadable(`${field} of unexpected shape`);
  return value;
}

/** A field that holds a list, as its raw items; an absent list is empty. */
export function items(body: JsonObject, field: string): readonly Json[] {
  const value = body[field];
  if (value === undefined) return [];
  if (!isArray(value)) throw new Unreadable(`${field} of unexpected shape`);
  return value;
}

/** A field that holds a list of tagged nodes. Empty items (`{}` stands for a NULL in the list) are left out. */
export function nodes(body: JsonObject, field: string): readonly AstNode[] {
  const list: AstNode[] = [];
  for (const item of items(body, field)) if (!isEmpty(item)) list.push(asNode(item));
  return list;
}

/** The items of a `List` node. */
export function listNodes(list: AstNode): readonly AstNode[] {
  if (list.tag !== 'List') throw new Unreadable(`${list.tag} where a list was expected`);
  return nodes(list.body, 'items');
}

function isEmpty(item: Json): boolean {
  if (!isObject(item)) return false;
  for (const _ in item) return false;
  return true;
}

export function text(body: JsonObject, field: string): string | null {
  const value = body[field];
  if (value === undefined) return null;
  if (typeof value !== 'string') throw new Unreadable(`${field} of unexpected shape`);
  return value;
}

export function flag(body: JsonObject, field: string): boolean {
  const value = body[field];
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw new Unreadable(`${field} of unexpected shape`);
  return value;
}

/** An integer field; absent means 0. 64-bit ones come as text. */
export function integer(body: JsonObject, field: string): number {
  const value = body[field];
  if (value === undefined) return 0;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number))
    throw new Unreadable(`${field} of unexpected shape`);
  return number;
}

/** The text of a String node: `sval` since 15, `str` before. */
export function stringOf(value: AstNode): string {
  if (value.tag !== 'String') throw new Unreadable(`${value.tag} where a name was expected`);
  return text(value.body, 'sval') ?? text(value.body, 'str') ?? '';
}

/** A dotted name: the texts of a list of String nodes. */
export function names(body: JsonObject, field: string): readonly string[] {
  return nodes(body, field).map(stringOf);
}

export type Constant =
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'decimal'; readonly text: string }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'bits'; readonly text: string }
  | { readonly kind: 'null' };

/** The value of an A_Const, in the shape of any version (before 15 it is under `val`). */
export function constantOf(body: JsonObject): Constant {
  if (flag(body, 'isnull')) return { kind: 'null' };
  for (const field of ['ival', 'fval', 'sval', 'boolval', 'bsval'] as const) {
    const value = struct(body, field);
    if (value === null) continue;
    switch (field) {
      case 'ival':
        return { kind: 'integer', value: integer(value, 'ival') };
      case 'fval':
        return { kind: 'decimal', text: text(value, 'fval') ?? '' };
      case 'sval':
        return { kind: 'string', text: text(value, 'sval') ?? '' };
      case 'boolval':
        return { kind: 'boolean', value: flag(value, 'boolval') };
      case 'bsval':
        return { kind: 'bits', text: text(value, 'bsval') ?? '' };
    }
  }
  const old = node(body, 'val');
  switch (old?.tag) {
    case 'Integer':
      return { kind: 'integer', value: integer(old.body, 'ival') };
    case 'Float':
      return { kind: 'decimal', text: text(old.body, 'str') ?? '' };
    case 'String':
      return { kind: 'string', text: text(old.body, 'str') ?? '' };
    case 'BitString':
      return { kind: 'bits', text: text(old.body, 'str') ?? '' };
    case 'Null':
      return { kind: 'null' };
    default:
      throw new Unreadable('a constant of a kind not known');
  }
}

/** A literal's offset in the statement's text, in bytes; -1 where the parser made the node up. */
export function locationOf(body: JsonObject): number {
  return integer(body, 'location');
}
