/** Who speaks at somebody's standard input: whom `--as` names, a token or session credential, or who is logged in here. */
import { ProxyError } from '../core/errors.ts';
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
  if (only !== undefined && another === undefined) return configured(only.name, config.identity.users);
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
  const colon = shown.indexOf(':');
  const isToken = colon < 0;
  const listener = shared.config.listeners.find(({ auth }) => auth.includes('session'));
  if (isToken && shared.tokens === null) throw new UsageError('tokens take an issuer under identity.oidc');
  if (!isToken && listener === undefined) throw new UsageError('no listener takes session credentials');
  const answer =
    isToken && shared.tokens !== null
      ? await shared.tokens.check(shown)
      : listener === undefined
        ? null
        : await new HttpLogins(unlimitedLogins(listener, shared), null, 'stdio', shared.attempts).check({
            authorization: `Basic ${Buffer.from(shown).toString('base64')}`,
            clientAddress: null,
            secured: true,
          });
  if (answer?.answer === 'proven') return answer.identity;
  const error = answer?.error ?? new ProxyError('login-failed');
  throw new UsageError(`nobody is proven by what ${isToken ? 'the token' : TOKEN} says: ${error.message}`);
}
