/** Where shared state is: `sqlite:./sluice.db`, `sqlite::memory:` or a Postgres connection string. */
import { parseUpstreamUrl, type UpstreamUrl } from './upstream-url.ts';

export type StateUrl =
  /** `file` as written; null: in memory, gone with the process. */
  | { readonly kind: 'sqlite'; readonly file: string | null }
  | { readonly kind: 'postgres'; readonly server: UpstreamUrl };

const EXPECTED =
  'expected sqlite:FILE, such as sqlite:./sluice.db, or postgres://user:password@host:5432/database';

/** Throws an Error that says what is wrong, without repeating the password. */
export function parseStateUrl(written: string): StateUrl {
  if (written.startsWith('sqlite:')) {
    const file = written.slice('sqlite:'.length);
    if (file === ':memory:') return { kind: 'sqlite', file: null };
    if (file.startsWith('//')) {
      throw new Error(
        'a file of SQLite is written as sqlite:./sluice.db or sqlite:/var/lib/sluice.db, without //',
      );
    }
    if (file === '' || file.endsWith('/') || file.includes('?')) throw new Error(EXPECTED);
    return { kind: 'sqlite', file };
  }
  if (!/^postgres(ql)?:/.test(written)) throw new Error(EXPECTED);
  return { kind: 'postgres', server: parseUpstreamUrl(written) };
}
