/** Who acts, for commands that speak to the state store: a user who proves it, or whoever may run the command. */
import { hostname, userInfo } from 'node:os';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { isPasswordOf } from '../identity/mysql-password.ts';
import { readStoredPassword } from '../identity/stored-password.ts';
import { type Io, UsageError } from './command.ts';

type ConfiguredUser = Config['identity']['users'][number];

/** Somebody who has just proven to be a user of the configuration. Throws UsageError where nobody has. */
export async function provenUser(name: string, { config }: LoadedConfig, io: Io): Promise<ConfiguredUser> {
  const user = config.identity.users.find((one) => one.name === name);
  if (user !== undefined && user.password === undefined) {
    throw new UsageError(
      `user "${name}" has no password in the configuration, so nobody can prove to be them`,
    );
  }
  const secret = io.inputIsTerminal
    ? (await io.readSecrets([`Password of ${name}: `]))?.[0]
    : (await io.readInput()).replace(/\r?\n$/, '');
  const stored = user?.password === undefined ? null : readStoredPassword(user.password).mysql;
  // The same words for a user that does not exist.
  if (
    user === undefined ||
    secret === undefined ||
    stored === null ||
    !isPasswordOf(stored, Buffer.from(secret))
  )
    throw new UsageError(`"${name}" is not proven by this password`);
  return user;
}

/** Whoever can read the configuration's secrets is an operator; the account of the machine says which. */
export function operatorName(): string {
  return `${userInfo().username}@${hostname()}`;
}
