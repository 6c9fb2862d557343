/** Measures how deep and how long a statement's expressions are, from its tokens alone. Held against caps.ts. */

import { latin1 } from '../../bytes/latin1.ts';

/** Nesting deeper than this is refused anyway; chains beyond it are counted together. */
const DEPTH_TRACKED_MAX = 1024;

const KEYWORD_INITIALS: ReadonlySet<number> = new Set(
  [...'aowetcuijnl'].map((letter) => letter.charCodeAt(0)),
);
const KEYWORD_BYTES_MAX = 9;

export class Complexity {
  /** Deepest nesting of parentheses, brackets and CASE. */
  depth = 0;
  /** Longest run of operators between commas, AND, OR and the like at one depth. */
  chain = 0;
  /** Deepest nesting of comments. */
  commentDepth = 0;
  /** Longest run of operator characters, as the scanner first takes it. */
  operatorBytes = 0;
  /** Set operations and joins: each nests the tree once more. */
  combinations = 0;
  /** AND and OR: they nest nothing, but each makes a part of the tree to be written and walked. */
  conditions = 0;
  statements = 0;
  readonly #chains = new Int32Array(DEPTH_TRACKED_MAX + 1);
  #level = 0;

  reset(): void {
    this.depth = 0;
    this.chain = 0;
    this.commentDepth = 0;
    this.operatorBytes = 0;
    this.combinations = 0;
    this.conditions = 0;
    this.statements = 0;
    this.#level = 0;
    this.#chains[0] = 0;
  }

  open(): void {
    this.#level++;
    if (this.#level > this.depth) this.depth = this.#level;
    this.separate();
  }

  close(): void {
    if (this.#level > 0) this.#level--;
  }

  /** A comma, semicolon, AND, OR: what follows does not nest in what came before. */
  separate(): void {
    this.#chains[Math.min(this.#level, DEPTH_TRACKED_MAX)] = 0;
  }

  /** An operator or a keyword that works like one: one level of the tree more. */
  link(): void {
    const level = Math.min(this.#level, DEPTH_TRACKED_MAX);
    const length = (this.#chains[level] ?? 0) + 1;
    this.#chains[level] = length;
    if (length > this.chain) this.chain = length;
  }

  /** Keywords that lengthen or end a chain. Mistaking a name for one only makes the measure coarser. */
  word(bytes: Buffer, at: number, length: number): void {
    if (length < 2 || length > KEYWORD_BYTES_MAX || !KEYWORD_INITIALS.has((bytes[at] ?? 0) | 0x20)) return;
    switch (latin1(bytes, at, at + length).toLowerCase()) {
      case 'and':
      case 'or':
        this.conditions++;
        this.separate();
        return;
      case 'when':
      case 'then':
      case 'else':
        this.separate();
        return;
      case 'case':
        this.open();
        return;
      case 'end':
        this.close();
        return;
      case 'union':
      case 'except':
      case 'intersect':
      case 'join':
        this.combinations++;
        return;
      case 'not':
      case 'is':
      case 'isnull':
      case 'notnull':
      case 'collate':
      case 'at':
      case 'in':
      case 'like':
        this.link();
        return;
      default:
        return;
    }
  }
}
