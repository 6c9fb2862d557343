/** Who speaks at somebody's standard input: whom `--as` names, a token or session credential, or who is logged in here. */
import { suggestion } from '../core/nearest.ts';
import { type Identity, lastingIdentity } from '../core/principal.ts';
import { HttpLogins } from '../identity/http-logins.ts';
import { type Io, UsageError } from './command.ts';
import type { Shared } from './listeners.ts';
import { keptToken } from './login.ts';
import { cacheFile, readCache } from './login-cache.ts';
import { unlimitedLogins } from './logins.ts';

const TOKEN = 'SLUICE_TOKEN';

/**
 * `--as` needs no proof: whoever may start this command reads the configuration, and with it everything that proves
 * somebody. Throws UsageError where nobody is proven.
 */
export async function whoSpeaks(as: string | undefined, shared: Shared, io: Io): Promise<Identity> {
  const { config } = shared;
  const shown = io.environment[TOKEN];
  if (as !== undefined) {
    if (shown !== undefined) throw new UsageError(`expected --as or ${TOKEN}, not both`);
    return configured(as, config.identity.users);
  }
  if (shown !== undefined) return proven(shown, shared);
  if (config.identity.oidc !== undefined && readCache(cacheFile(io.environment)) !== null)
    return proven(await keptToken(cacheFile(io.environment)), shared);
  const [only, another] = config.identity.users;
  // With an issuer, people are not listed here, so that the only one who is may be anybody but who sits here.
  if (config.identity.oidc === undefined && only !== undefined && another === undefined)
    return configured(only.name, config.identity.users);
  throw new UsageError(
    `expected --as NAME, ${TOKEN} in the environment, or somebody who is logged in by sluice login`,
  );
}

function configured(name: string, users: Shared['config']['identity']['users']): Identity {
  const user = users.find((one) => one.name === name);
  if (user === undefined) {
    const names = users.map((one) => one.name);
    throw new UsageError(`"${name}" is none of identity.users${suggestion(name, names)}`);
  }
  return lastingIdentity({ name: user.name, groups: user.groups }, 'trust');
}

/** `shown`: a token of the issuer, or NAME:SECRET with a session credential. */
async function proven(shown: string, shared: Shared): Promise<Identity> {
  if (!shown.includes(':')) {
    if (shared.tokens === null) throw new UsageError('tokens take an issuer under identity.oidc');
    const answer = await shared.tokens.check(shown);
    if (answer.answer === 'proven') return answer.identity;
    throw new UsageError(`nobody is proven by what the token says: ${answer.error.message}`);
  }
  const listeners = shared.config.listeners.filter(({ auth }) => auth.includes('session'));
  if (listeners.length === 0) throw new UsageError('no listener takes session credentials');
  // A credential may be for one of them alone, and says nothing of which.
  for (const listener of listeners) {
    const logins = new HttpLogins(unlimitedLogins(listener, shared), null, 'stdio', shared.attempts);
    const answer = await logins.check({
      authorization: `Basic ${Buffer.from(shown).toString('base64')}`,
      clientAddress: null,
      secured: true,
    });
    if (answer.answer === 'proven') return answer.identity;
    if (answer.error.code !== 'login-failed')
      throw new UsageError(`nobody is proven by ${TOKEN}: ${answer.error.message}`);
  }
  throw new UsageError(
    `nobody is proven by ${TOKEN}: it is no session credential of that name, or it has ended (sluice token list)`,
  );
}
