/** Structured content that was masked, made to fit the tool's output schema again: clients refuse what does not. */
import {
  isRefused,
  type JsonDocument,
  JsonEdits,
  jsonString,
  PLAIN_JSON,
  scanJson,
} from '../../json/index.ts';
import { LeafSchemas } from './schema-leaf.ts';

const NONE = -1;

/**
 * Puts values that fit in the place of masked ones that do not. Null: for some there is none. `before` and `after` are the
 * nodes of structured content in the message as it came and as it is masked. What the server's own value did not fit either
 * is left as it is.
 */
export function fitted(
  original: JsonDocument,
  before: number,
  masked: JsonDocument,
  after: number,
  schema: Buffer,
): JsonDocument | null {
  const read = scanJson(schema, 0, schema.length, PLAIN_JSON);
  if (isRefused(read)) return masked;
  const schemas = new LeafSchemas(read);
  const edits = new JsonEdits(masked);
  for (const { path, was, now } of changes(original, before, masked, after)) {
    const here = schemas.at(path);
    if (schemas.fits(here, leafValue(masked, now)) || !schemas.fits(here, leafValue(original, was))) continue;
    const value = schemas.replacement(here, masked.text(now));
    if (value === undefined) return null;
    edits.replace(now, typeof value === 'string' ? jsonString(value) : Buffer.from(JSON.stringify(value)));
  }
  if (edits.isEmpty) return masked;
  const bytes = edits.apply();
  const made = scanJson(bytes, 0, bytes.length, PLAIN_JSON);
  return isRefused(made) ? null : made;
}

interface Change {
  readonly path: readonly (string | number)[];
  readonly was: number;
  readonly now: number;
}

/** Where the two differ, as far down as they have the same shape. */
function* changes(
  original: JsonDocument,
  before: number,
  masked: JsonDocument,
  after: number,
): Generator<Change> {
  const waiting: Change[] = [{ path: [], was: before, now: after }];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    const { path, was, now } = one;
    if (original.bytes(was).equals(masked.bytes(now))) continue;
    const isContainer = original.first(was) !== NONE && original.kind(was) === masked.kind(now);
    if (!isContainer || original.size(was) !== masked.size(now)) {
      yield one;
      continue;
    }
    let other = masked.first(now);
    let n = 0;
    for (const child of original.children(was)) {
      const step = original.name(child) ?? n++;
      waiting.push({ path: [...path, step], was: child, now: other });
      other = masked.next(other);
    }
  }
}

/** Scalars as they are; containers empty, since only their type is asked for. */
function leafValue(document: JsonDocument, node: number): unknown {
  const text = document.text(node);
  if (text !== null) return text;
  switch (document.kind(node)) {
    case 'number':
      return Number(document.written(node));
    case 'true':
    case 'false':
      return document.kind(node) === 'true';
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return null;
  }
}
