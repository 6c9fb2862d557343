/** Reads YAML against a schema and knows where in the file each key stands, so that errors can say so. */
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Problem, ProblemsError } from './problem.ts';
import { findingsOf, type Path } from './yaml-issues.ts';

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
  const plain = plainOf(document, (message) => at(0, [], message));
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
  const parsed = schema.safeParse(expanded, { reportInput: true });
  if (parsed.success) {
    return {
      value: parsed.data,
      problemAt: (path, message) => at(offsetOf(path, null), path, message),
    };
  }
  const problems = parsed.error.issues
    .flatMap((issue) => findingsOf(issue, schema))
    .map(({ path, unknownKey, message }) =>
      at(offsetOf(path, unknownKey), unknownKey === null ? path : [...path, unknownKey], message),
    );
  throw new ProblemsError(problems);
}

/** The document as plain values; aliases that multiply into more than anyone writes are refused. */
function plainOf(document: ReturnType<typeof parseDocument>, problem: (message: string) => Problem): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new ProblemsError([problem(error instanceof Error ? error.message : String(error))]);
  }
}

function expandAll(value: unknown, path: Path, expand: (text: string, path: Path) => string): unknown {
  if (typeof value === 'string') return expand(value, path);
  if (Array.isArray(value)) return value.map((item, n) => expandAll(item, [...path, n], expand));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, expandAll(item, [...path, key], expand)]),
  );
}

/** `rules[2].when.effects`. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}
