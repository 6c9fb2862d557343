/** The statement holds something that Sluice cannot judge. Its text may go into a denial. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}
