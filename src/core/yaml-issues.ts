/** What is wrong with a value in a file, in words for whoever wrote the file and does not know the schema. */
import type { z } from 'zod';
import { nearest, suggestion } from './nearest.ts';

export type Path = readonly (string | number)[];

export interface Finding {
  readonly path: Path;
  /** A key under `path` that is not known; null where the value at `path` is at fault. */
  readonly unknownKey: string | null;
  readonly message: string;
}

/** The findings behind one issue of the schema's; the issue has to carry its input. */
export function findingsOf(issue: z.core.$ZodIssue, schema: z.ZodType): readonly Finding[] {
  const path = pathOf(issue);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path,
        unknownKey: key,
        message: unknownKey(key, keysAt(schema, path)),
      }));
    case 'invalid_key':
      // What is wrong with a name in a mapping of names is said by what names may be.
      return [{ path, unknownKey: null, message: issue.issues[0]?.message ?? messageOf(issue) }];
    case 'invalid_union':
      return insideUnion(issue) ?? [{ path, unknownKey: null, message: messageOf(issue) }];
    default:
      return [{ path, unknownKey: null, message: messageOf(issue) }];
  }
}

function pathOf(issue: z.core.$ZodIssue): Path {
  return issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part));
}

/**
 * Where a mapping can be of one shape only, what is wrong inside it tells more than that no shape fits. A key that
 * resembles none of that shape tells less than the union's own message.
 */
function insideUnion(
  issue: z.core.$ZodIssue & { readonly code: 'invalid_union' },
): readonly Finding[] | null {
  if (typeof issue.input !== 'object' || issue.input === null || Array.isArray(issue.input)) return null;
  const shapes = issue.errors.filter((issues) =>
    issues.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
  );
  const only = shapes.length > 1 ? meantShape(shapes, Object.keys(issue.input)) : shapes[0];
  if (only === undefined) return null;
  const outer = pathOf(issue);
  const known = only.flatMap((inner) => (inner.path.length === 1 ? [String(inner.path[0])] : []));
  const findings = only.flatMap((inner): readonly Finding[] => {
    const path = [...outer, ...pathOf(inner)];
    if (inner.code !== 'unrecognized_keys') return [{ path, unknownKey: null, message: messageOf(inner) }];
    return inner.keys.map((key) => ({ path, unknownKey: key, message: unknownKey(key, known) }));
  });
  const unknown = findings.filter((finding) => finding.unknownKey !== null);
  if (unknown.some((finding) => nearest(finding.unknownKey ?? '', known) === null)) return null;
  // A mistyped key is missing under its right name as well, which need not be said twice.
  return unknown.length > 0 ? unknown : findings;
}

/** Of several shapes the one whose keys are written, or nearly; undefined where that is none of them, or several. */
function meantShape(
  shapes: readonly (readonly z.core.$ZodIssue[])[],
  written: readonly string[],
): readonly z.core.$ZodIssue[] | undefined {
  const fits = shapes.filter((issues) => {
    const unknown = issues.flatMap((inner) => (inner.code === 'unrecognized_keys' ? inner.keys : []));
    const missing = issues.flatMap((inner) => (inner.path.length === 1 ? [String(inner.path[0])] : []));
    return written.every((key) => !unknown.includes(key) || nearest(key, missing) !== null);
  });
  return fits.length === 1 ? fits[0] : undefined;
}

function messageOf(issue: z.core.$ZodIssue): string {
  const { input } = issue;
  const own = /^(?:Invalid|Too|Unrecognized) /.test(issue.message) ? null : issue.message;
  if (input === undefined && issue.path.length > 0 && issue.code !== 'custom') {
    const expected = own ?? (issue.code === 'invalid_value' ? `expected ${choices(issue.values)}` : null);
    return expected === null ? 'is missing' : `is missing; ${expected}`;
  }
  switch (issue.code) {
    case 'invalid_type':
      return own ?? wrongType(issue.expected, input);
    case 'invalid_value': {
      const near = typeof input === 'string' ? suggestion(input, issue.values.map(String)) : '';
      if (own !== null) return near === '' ? own : `${own}, not ${inWords(input)}${near}`;
      return `expected ${choices(issue.values)}, not ${inWords(input)}${near}`;
    }
    case 'too_small':
      if (own !== null) return own;
      if (issue.origin === 'array')
        return `expected at least ${issue.minimum === 1 ? 'one item' : `${issue.minimum} items`}`;
      if (issue.origin === 'string') return 'must not be empty';
      return `expected a number ${issue.inclusive === true ? 'of at least' : 'above'} ${issue.minimum}, not ${inWords(input)}`;
    case 'too_big':
      return own ?? `expected at most ${issue.maximum}`;
    case 'invalid_union': {
      if (own === null || typeof input !== 'string') return own ?? 'is of no shape that fits here';
      const words = issue.errors
        .flat()
        .flatMap((inner) => (inner.code === 'invalid_value' ? inner.values : []));
      return `${own}, not ${inWords(input)}${suggestion(input, words.map(String))}`;
    }
    default:
      return own ?? issue.message.replace(/^Invalid input: /, '');
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function wrongType(expected: string, input: unknown): string {
  const message = `expected ${TYPES[expected] ?? expected}, not ${inWords(input)}`;
  if (expected === 'array' && (typeof input === 'string' || typeof input === 'number'))
    return `${message}; write [${input}]`;
  if (expected === 'string' && (typeof input === 'number' || typeof input === 'boolean'))
    return `${message}; put it in quotes`;
  return message;
}

const SHOWN_CHARACTERS = 60;

function inWords(input: unknown): string {
  if (input === null || input === undefined) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a mapping';
  if (typeof input !== 'string') return String(input);
  return JSON.stringify(input.length > SHOWN_CHARACTERS ? `${input.slice(0, SHOWN_CHARACTERS)}…` : input);
}

function choices(values: readonly unknown[]): string {
  const words = values.map(String);
  const last = words.pop() ?? '';
  return words.length === 0 ? last : `${words.join(', ')} or ${last}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  if (near !== null) return `unknown key "${key}"; did you mean "${near}"?`;
  return `unknown key "${key}"${known.length === 0 ? '' : `; known keys are ${known.join(', ')}`}`;
}

/** The keys that the schema knows at a path, where it is an object there; those of every shape that it can have. */
function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  let shapes = shapesOf(schema);
  for (const part of path) {
    shapes = shapes.flatMap((shape) =>
      shapesOf(
        typeof part === 'number' ? property(shape, 'element') : property(property(shape, 'shape'), part),
      ),
    );
  }
  const keys = shapes.flatMap((one) => {
    const shape = property(one, 'shape');
    return typeof shape === 'object' && shape !== null ? Object.keys(shape) : [];
  });
  return [...new Set(keys)];
}

/** The schema itself, or the options of a union. */
function shapesOf(schema: unknown): readonly unknown[] {
  const inner = unwrapped(schema);
  const options = property(inner, 'options');
  return Array.isArray(options) ? options.map(unwrapped) : [inner];
}

/** Without `.optional()`, `.default()` and the like around it. */
function unwrapped(schema: unknown): unknown {
  let inner = schema;
  for (let depth = 0; depth < 8; depth++) {
    const within = property(property(inner, 'def'), 'innerType') ?? property(property(inner, 'def'), 'in');
    if (within === undefined) return inner;
    inner = within;
  }
  return inner;
}

function property(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const entry = Object.entries(value).find(([name]) => name === key);
  return entry === undefined ? Reflect.get(value, key) : entry[1];
}
