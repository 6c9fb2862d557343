/** The statement holds something that Sluice cannot judge. Its text may go into a denial. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** A name without a schema, where none is chosen: the server refuses the statement for that alone. */
export class NoDatabase extends Unreadable {}
