import { Unreadable } from '../unreadable.ts';

/** The text is none that the grammar has. Nothing of it may run. */
export class UnreadableSyntax extends Unreadable {
  /** In bytes, of the token that does not fit. */
  readonly offset: number;
  readonly expected: string;

  constructor(offset: number, expected: string, found: string) {
    super(`syntax error at byte ${offset}: ${expected} expected, ${found} found`);
    this.offset = offset;
    this.expected = expected;
  }
}
