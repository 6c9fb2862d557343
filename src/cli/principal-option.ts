/** Whom `--user` and `--group` mean. */

import type { AnyListenerConfig } from '../config/schema.ts';
import { suggestion } from '../core/nearest.ts';
import type { Principal } from '../core/principal.ts';
import { UsageError } from './command.ts';
import type { Premises } from './premises.ts';

/** The name where nobody is named and no configuration has users. */
const ANYONE = 'anyone';

/** With a configuration, users are those that could log in; without one, any name does. */
export function principalOf(
  user: string | undefined,
  groups: readonly string[],
  { loaded, listener }: Pick<Premises, 'loaded'> & { readonly listener: AnyListenerConfig | null },
): Principal {
  const users = loaded?.config.identity.users ?? [];
  if (user === undefined && groups.length > 0) return { name: ANYONE, groups };
  const found = user === undefined ? users[0] : users.find((candidate) => candidate.name === user);
  if (
    found === undefined &&
    user !== undefined &&
    loaded !== null &&
    listener?.auth.every((method) => method === 'password') === true
  ) {
    const names = users.map((known) => known.name);
    throw new UsageError(
      `there is no user "${user}" among identity.users of ${loaded.file}${suggestion(user, names)}; expected one of ${names.join(', ')}`,
    );
  }
  return { name: found?.name ?? user ?? ANYONE, groups: [...new Set([...(found?.groups ?? []), ...groups])] };
}
