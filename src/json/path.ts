/**
 * JSON paths of masks: the part of JSONPath (RFC 9535) that says where values are without looking at them: `$`, `.name`,
 * `['name']`, `[0]`, `[*]`, `.*` and `..`. Names are compared without case and form, as `foldName` has it: a value that
 * is to be masked is so under `SSN` as well.
 */
import type { JsonDocument } from './document.ts';
import { foldName, nameHash } from './names.ts';

type Selector =
  | { readonly select: 'name'; readonly folded: string; readonly hash: number }
  | { readonly select: 'item'; readonly n: number }
  | { readonly select: 'any' };

interface Step {
  readonly selector: Selector;
  /** It may be any number of levels further down (`..`). */
  readonly anyDepth: boolean;
}

const NONE = -1;
const STEP =
  /(\.\.?)([\p{L}_][\p{L}\p{N}_-]*|\*)|(\.\.)?\[(?:(\*)|(0|[1-9]\d{0,8})|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/uy;

export class JsonPath {
  readonly text: string;
  readonly #steps: readonly Step[];

  constructor(text: string, steps: readonly Step[]) {
    this.text = text;
    this.#steps = steps;
  }

  /** Whether it goes through a member that it names. */
  get hasNames(): boolean {
    return this.#steps.some(({ selector }) => selector.select === 'name');
  }

  /** What the last step names, as `foldName` has it; null where it names nothing. */
  get lastName(): string | null {
    const last = this.#steps.at(-1)?.selector;
    return last?.select === 'name' ? last.folded : null;
  }

  /** The nodes at the path, in the order of the document. */
  find(document: JsonDocument, from = 0): readonly number[] {
    const [only] = this.#steps;
    if (only !== undefined && this.#steps.length === 1) {
      const found: number[] = [];
      select(document, from, only.selector, only.anyDepth, (node) => found.push(node));
      return only.anyDepth && only.selector.select === 'item' ? found.sort((a, b) => a - b) : found;
    }
    let nodes = new Set([from]);
    for (const { selector, anyDepth } of this.#steps) {
      const next = new Set<number>();
      for (const node of nodes) select(document, node, selector, anyDepth, (found) => next.add(found));
      nodes = next;
    }
    return [...nodes].sort((a, b) => a - b);
  }
}

/** What is there with `..` is looked for without recursion: a document may be deeper than a stack. */
function select(
  document: JsonDocument,
  from: number,
  selector: Selector,
  anyDepth: boolean,
  found: (node: number) => void,
): void {
  if (anyDepth && selector.select !== 'item') {
    // What is within follows at once, in the order in which it begins.
    const end = document.end(from);
    for (let node = from + 1; node < document.count && document.start(node) < end; node++)
      if (isMeant(document, node, 0, selector)) found(node);
    return;
  }
  const waiting = [from];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    let n = 0;
    for (let child = document.first(node); child !== NONE; child = document.next(child)) {
      if (isMeant(document, child, n++, selector)) found(child);
      if (anyDepth && document.first(child) !== NONE) waiting.push(child);
    }
  }
}

function isMeant(document: JsonDocument, node: number, n: number, selector: Selector): boolean {
  if (selector.select === 'any') return true;
  if (selector.select === 'item') return document.nameStart(node) === NONE && n === selector.n;
  // Few names share a hash: the others need not be decoded.
  if (document.nameStart(node) === NONE || document.nameHash(node) !== selector.hash) return false;
  return foldName(document.name(node) ?? '') === selector.folded;
}

/** Reads a path; null where it is none. */
export function compileJsonPath(text: string): JsonPath | null {
  if (!text.startsWith('$')) return null;
  const steps: Step[] = [];
  for (let at = 1; at < text.length; at = STEP.lastIndex) {
    STEP.lastIndex = at;
    const found = STEP.exec(text);
    if (found === null) return null;
    const [, dots, word, deep, star, index, single, double] = found;
    const name = word === '*' ? undefined : (word ?? single ?? double);
    const anyDepth = dots === '..' || deep !== undefined;
    if (index !== undefined) steps.push({ selector: { select: 'item', n: Number(index) }, anyDepth });
    else if (name === undefined || star !== undefined) steps.push({ selector: { select: 'any' }, anyDepth });
    else steps.push({ selector: named(name.replaceAll(/\\(.)/gs, '$1')), anyDepth });
  }
  return new JsonPath(text, steps);
}

function named(name: string): Selector {
  const folded = foldName(name);
  const bytes = Buffer.from(folded);
  return { select: 'name', folded, hash: nameHash(bytes, 0, bytes.length, false) };
}
