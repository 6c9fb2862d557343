/** A place in the tokens of one definition, for whoever takes more from it than the grammar's trees keep. */
import type { Tokens } from './token.ts';

export interface WrittenName {
  readonly schema: string | null;
  readonly name: string;
}

export class SchemaTokens {
  readonly #tokens: Tokens;
  readonly #end: number;
  at: number;

  /** The tokens from `at` to before `end`. */
  constructor(tokens: Tokens, at = 0, end: number = tokens.count) {
    this.#tokens = tokens;
    this.at = at;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end;
  }

  /** Upper case; '' of all that is no unquoted word. */
  word(ahead = 0): string {
    return this.at + ahead < this.#end ? this.#tokens.word(this.at + ahead) : '';
  }

  isMark(mark: string, ahead = 0): boolean {
    const n = this.at + ahead;
    return n < this.#end && this.#tokens.kind(n) === 'operator' && this.#tokens.text(n) === mark;
  }

  take(...words: readonly string[]): boolean {
    if (!words.every((word, ahead) => this.word(ahead) === word)) return false;
    this.at += words.length;
    return true;
  }

  takeMark(mark: string): boolean {
    if (!this.isMark(mark)) return false;
    this.at++;
    return true;
  }

  /** One token, or all of a group in parentheses. */
  skip(): void {
    if (this.isMark('(')) this.group();
    else this.at++;
  }

  /** The inside of the parentheses that open here, which are passed. */
  group(): SchemaTokens {
    const from = this.at + 1;
    let depth = 0;
    do {
      if (this.isMark('(')) depth++;
      else if (this.isMark(')')) depth--;
      this.at++;
    } while (depth > 0 && !this.isAtEnd);
    return new SchemaTokens(this.#tokens, from, this.at - 1);
  }

  /** Parts between commas, those within parentheses left together. */
  parts(): readonly SchemaTokens[] {
    const parts: SchemaTokens[] = [];
    let from = this.at;
    while (!this.isAtEnd) {
      if (!this.isMark(',')) {
        this.skip();
        continue;
      }
      parts.push(new SchemaTokens(this.#tokens, from, this.at));
      this.at++;
      from = this.at;
    }
    if (this.at > from) parts.push(new SchemaTokens(this.#tokens, from, this.at));
    return parts;
  }

  name(): string {
    return this.#tokens.text(this.at++);
  }

  qualified(): WrittenName {
    const first = this.name();
    return this.takeMark('.') ? { schema: first, name: this.name() } : { schema: null, name: first };
  }

  /** As written, from token `from` to where this stands. */
  textFrom(from: number): string {
    return from >= this.at
      ? ''
      : this.#tokens.source(this.#tokens.start(from), this.#tokens.end(this.at - 1));
  }

  /** As written, from here to the end. */
  get rest(): string {
    const from = this.at;
    this.at = this.#end;
    return this.textFrom(from);
  }

  /** Where the token here begins, in bytes of the scanned text. */
  get byte(): number {
    return this.#tokens.start(this.at);
  }
}
