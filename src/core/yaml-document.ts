/** Reads YAML against a schema and knows where in the file each key stands, so that errors can say so. */
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Problem, ProblemsError } from './problem.ts';

type Path = readonly (string | number)[];

export interface LocatedDocument<Value> {
  readonly value: Value;
  /** A problem at the value under `path`. */
  problemAt(path: Path, message: string): Problem;
}

/** Replaces what a string in the file refers to, such as `${NAME}`; throws an Error that says what is missing. */
export type Expand = (text: string) => string;

/** Parses and validates; throws ProblemsError naming every problem with line and column. */
export function readYaml<Value>(
  file: string,
  text: string,
  schema: z.ZodType<Value>,
  expand: Expand = (written) => written,
): LocatedDocument<Value> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const at = (offset: number, path: Path, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), key: formatPath(path), message };
  };
  const syntax = [...document.errors, ...document.warnings].map((error) =>
    at(error.pos[0], [], error.message),
  );
  if (syntax.length > 0) throw new ProblemsError(syntax);
  const plain: unknown = document.toJS();
  if (plain === null || plain === undefined) throw new ProblemsError([at(0, [], 'the file is empty')]);

  const offsetOf = (path: Path, ofKey: string | null): number => {
    const inner = path.length === 0 ? document.contents : document.getIn(path, true);
    if (ofKey !== null && isMap(inner)) {
      const pair = inner.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === ofKey);
      if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    }
    if (isNode(inner)) return inner.range?.[0] ?? 0;
    return path.length === 0 ? 0 : offsetOf(path.slice(0, -1), null);
  };

  const missing: Problem[] = [];
  const expanded = expandAll(plain, [], (written, path) => {
    try {
      return expand(written);
    } catch (error) {
      missing.push(at(offsetOf(path, null), path, error instanceof Error ? error.message : String(error)));
      return written;
    }
  });
  if (missing.length > 0) throw new ProblemsError(missing);
  const parsed = schema.safeParse(expanded);
  if (parsed.success) {
    return {
      value: parsed.data,
      problemAt: (path, message) => at(offsetOf(path, null), path, message),
    };
  }
  const problems = parsed.error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part));
    if (issue.code !== 'unrecognized_keys') return [at(offsetOf(path, null), path, messageOf(issue, path))];
    return issue.keys.map((key) =>
      at(offsetOf(path, key), [...path, key], unknownKey(key, schemaKeys(schema, path))),
    );
  });
  throw new ProblemsError(problems);
}

function expandAll(value: unknown, path: Path, expand: (text: string, path: Path) => string): unknown {
  if (typeof value === 'string') return expand(value, path);
  if (Array.isArray(value)) return value.map((item, n) => expandAll(item, [...path, n], expand));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expandAll(item, [...path, key], expand)]));
}

function messageOf(issue: z.core.$ZodIssue, path: Path): string {
  if (issue.code === 'invalid_type' && issue.input === undefined && path.length > 0) return 'is missing';
  if (issue.code === 'invalid_value')
    return `expected ${issue.values.map((value) => String(value)).join(', ')}`;
  return issue.message.replace(/^Invalid input: /, '');
}

function unknownKey(key: string, known: readonly string[]): string {
  const list = known.length === 0 ? '' : `; known keys are ${known.join(', ')}`;
  return `unknown key "${key}"${list}`;
}

/** The keys that the schema knows at a path, where it is an object there. */
function schemaKeys(schema: z.ZodType, path: Path): readonly string[] {
  let inner: unknown = schema;
  for (const part of path) {
    inner = unwrapped(inner);
    const shape = property(inner, 'shape');
    inner = typeof part === 'number' ? property(inner, 'element') : property(shape, part);
  }
  const shape = property(unwrapped(inner), 'shape');
  return typeof shape === 'object' && shape !== null ? Object.keys(shape) : [];
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

/** `rules[2].when.effects`. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}
