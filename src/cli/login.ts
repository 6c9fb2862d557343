import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../config/load.ts';
import { isObject, parseJson } from '../core/json.ts';
import { isSafeUrl } from '../core/oidc.ts';
import {
  type DeviceClient,
  LoginDenied,
  logInByDevice,
  refreshTokens,
  type Tokens,
} from '../identity/device-login.ts';
import { IssuerError } from '../identity/oidc-documents.ts';
import { type ParsedArguments, parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { type CachedLogin, cacheFile, readCache, removeCache, writeCache } from './login-cache.ts';
import { shortTime, withoutControls } from './text-layout.ts';

const HELP = `Usage: sluice login [--issuer URL] [--client ID] [--scope TEXT] [--resource URI] [--access-token]
       sluice login --print
       sluice login --forget

Logs a person in at the issuer of tokens, by the device flow: it prints an address and a code, and waits until the
login is done in a browser, on this machine or another. The token is the password on listeners whose auth has oidc,
with the name that it has for you. It is kept in ~/.config/sluice/login.json, which nobody else can read. What was
said once is remembered: the next sluice login takes no options.

--print prints the token alone, a new one where it is about to expire and the issuer gives one without a login. So it
can stand where a password is asked for.

Options:
  --issuer URL     the issuer (default: the one before, or identity.oidc of ./sluice.yaml)
  --client ID      what the issuer knows the command line by (default: sluice); a client without a secret
  --scope TEXT     what to ask for (default: openid profile offline_access)
  --resource URI   what the token is to be for, where the issuer has to be told
  --access-token   the access token is the password, not the ID token
  --config FILE    a configuration to take the issuer from
  --print          print the token
  --forget         remove what is kept here

Examples:
  sluice login --issuer https://idp.example.com --client sluice-cli
  PGPASSWORD=$(sluice login --print) psql -h sluice.example.com -U dana shop

Exit codes: 0 logged in, printed or removed; 1 the login was refused, or there is none; 2 the issuer cannot be asked.
`;

const SCOPE = 'openid profile offline_access';
const CLIENT = 'sluice';
/** A token that ends sooner is renewed: what it is printed for takes its time, too. */
const SOON_MS = 60_000;

export const login: Command = {
  name: 'login',
  summary: 'log a person in at the issuer, for a token as the password',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, {
      texts: ['issuer', 'client', 'scope', 'resource', 'config'],
      flags: ['access-token', 'print', 'forget'],
    });
    const [extra] = parsed.positionals;
    if (extra !== undefined) throw new UsageError(`login takes no argument "${extra}"`);
    const file = cacheFile(io.environment);
    if (parsed.flag('forget')) {
      removeCache(file);
      return EXIT.ok;
    }
    try {
      if (parsed.flag('print')) return await print(file, io);
      return await logIn(wantedOf(parsed, readCache(file), io), file, io);
    } catch (error) {
      if (error instanceof LoginDenied) {
        io.error(`sluice login: ${withoutControls(error.message)}\n`);
        return EXIT.no;
      }
      if (error instanceof IssuerError) {
        io.error(`sluice login: the issuer cannot be used: ${withoutControls(error.message)}\n`);
        return EXIT.bad;
      }
      throw error;
    }
  },
};

interface Wanted {
  readonly client: DeviceClient;
  readonly kind: CachedLogin['kind'];
}

/** What is said now, else what was said before. Another issuer begins anew. */
function wantedOf(parsed: ParsedArguments, before: CachedLogin | null, io: Io): Wanted {
  const file = parsed.text('config');
  const issuer =
    parsed.text('issuer') ?? (file === undefined ? before?.issuer : undefined) ?? configuredIssuer(file, io);
  if (issuer === undefined) throw new UsageError('expected --issuer URL: whose tokens the listener takes');
  if (!isSafeUrl(issuer))
    throw new UsageError('expected an https URL for --issuer, such as https://idp.example.com');
  const same = before?.issuer === issuer ? before : null;
  const client = {
    issuer,
    clientId: parsed.text('client') ?? same?.client ?? CLIENT,
    scope: parsed.text('scope') ?? same?.scope ?? SCOPE,
    resource: parsed.text('resource') ?? same?.resource ?? null,
  };
  return { client, kind: parsed.flag('access-token') ? 'access' : (same?.kind ?? 'id') };
}

function configuredIssuer(file: string | undefined, io: Io): string | undefined {
  const path = file ?? 'sluice.yaml';
  if (file === undefined && !existsSync(path)) return undefined;
  return loadConfig(path, io.environment).config.identity.oidc?.issuer;
}

async function logIn({ client, kind }: Wanted, file: string, io: Io): Promise<number> {
  const tokens = await logInByDevice(
    client,
    ({ url, completeUrl, code }) => {
      io.error(`Open   ${withoutControls(url)}\nand type the code   ${withoutControls(code)}\n`);
      if (completeUrl !== null) io.error(`or open   ${withoutControls(completeUrl)}\n`);
    },
    (ms) => delay(ms),
  );
  const kept = keep(file, client, kind, tokens, null);
  const until = kept.expires === null ? '' : ` until ${shortTime(new Date(kept.expires).toISOString())} UTC`;
  io.error(`Logged in${until}. The token is the password:\n  PGPASSWORD=$(sluice login --print) psql …\n`);
  return EXIT.ok;
}

async function print(file: string, io: Io): Promise<number> {
  io.out(`${await keptToken(file)}\n`);
  return EXIT.ok;
}

/** The token of whoever is logged in here, a new one where it is about to expire. Rejects with LoginDenied, IssuerError. */
export async function keptToken(file: string): Promise<string> {
  const kept = readCache(file);
  if (kept === null) throw new LoginDenied('nobody is logged in here: sluice login --issuer URL does that');
  if (kept.expires === null || kept.expires - Date.now() > SOON_MS) return kept.token;
  if (kept.refresh === null) throw new LoginDenied('the token has expired; log in again: sluice login');
  const { issuer, client: clientId, scope, resource } = kept;
  const client = { issuer, clientId, scope, resource };
  const tokens = await refreshTokens(client, kept.refresh);
  return keep(file, client, kept.kind, tokens, kept.refresh).token;
}

/** `refresh`: what serves on where the issuer gives no other. */
function keep(
  file: string,
  { issuer, clientId, scope, resource }: DeviceClient,
  kind: CachedLogin['kind'],
  { accessToken, idToken, refreshToken, expiresInS }: Tokens,
  refresh: string | null,
): CachedLogin {
  const token = kind === 'id' ? idToken : accessToken;
  if (token === null)
    throw new LoginDenied('the issuer gave no ID token: ask for the scope openid, or give --access-token');
  const told = kind === 'access' && expiresInS !== null ? Date.now() + expiresInS * 1000 : null;
  const kept = {
    ...{ issuer, client: clientId, scope, resource, kind, token },
    refresh: refreshToken ?? refresh,
    expires: expiryOf(token) ?? told,
  };
  writeCache(file, kept);
  return kept;
}

/** What a token says of its own end, for whoever holds it: Sluice believes it only with the signature. */
function expiryOf(token: string): number | null {
  try {
    const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return isObject(claims) && typeof claims['exp'] === 'number' ? claims['exp'] * 1000 : null;
  } catch {
    return null;
  }
}
