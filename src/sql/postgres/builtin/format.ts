/** What `make.ts` writes and `builtin.ts` reads: the objects of a database fresh from initdb, one file a major version. */
export interface BuiltinFile {
  /** schema → relation → relkind, then the column names, space-separated. */
  readonly relations: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** schema → function → traits over all its overloads: `i`, `s` or `v` (the most volatile), `r` returns a set, `a` aggregate. */
  readonly functions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly operators: string;
  readonly types: string;
}
