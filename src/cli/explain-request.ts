/** `sluice explain` and `sluice try` of one request: an HTTP request, or a call of MCP. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Field } from '../../protocols/http/index.ts';
import { type LoadedConfig, loadConfig, readTextFile } from '../config/load.ts';
import type { AnyListenerConfig } from '../config/schema.ts';
import { suggestion } from '../core/nearest.ts';
import { formatProblem } from '../core/problem.ts';
import { loadPolicy } from '../policy/policy.ts';
import { sharedState } from '../state/shared-state.ts';
import { type Pin, type PinKind, StoreUnavailable } from '../state/store.ts';
import type { ParsedArguments } from './arguments.ts';
import type { AskedRequest } from './asked-request.ts';
import { EXIT, type Io, UsageError } from './command.ts';
import { errorText } from './error-text.ts';
import { type LocatedPolicy, policyProblems, worldOf } from './policy-files.ts';
import { DEFAULT_CONFIG, dialectOf, type Premises, policyFileOf, premisesOf } from './premises.ts';
import { principalOf } from './principal-option.ts';
import { explainRequest, type RequestPremises } from './request-explanation.ts';
import { requestExplanationJson } from './request-explanation-json.ts';
import { requestExplanationText } from './request-explanation-text.ts';
import { stateDatabase } from './state-store.ts';
import { styleFor } from './style.ts';

/** What says that it is about a request, and what else is asked of one. */
export const REQUEST_TEXTS = [
  'method',
  'path',
  'body',
  'content-type',
  'tool',
  'prompt',
  'resource',
  'arguments',
] as const;
export const REQUEST_LISTS = ['header'] as const;

const CALLED = ['tool', 'prompt', 'resource'] as const;

export function isOfRequest(parsed: ParsedArguments): boolean {
  return (
    REQUEST_TEXTS.some((name) => parsed.text(name) !== undefined) ||
    REQUEST_LISTS.some((name) => parsed.all(name).length > 0)
  );
}

/** Whether a command line is about a request, before anything of it is parsed. */
export function asksOfRequest(args: readonly string[]): boolean {
  const names = [...REQUEST_TEXTS, ...REQUEST_LISTS].map((name) => `--${name}`);
  return args.some((arg) => names.some((name) => arg === name || arg.startsWith(`${name}=`)));
}

export async function explainOneRequest(parsed: ParsedArguments, io: Io, atMs: number): Promise<number> {
  if (parsed.positionals.length > 0)
    throw new UsageError(
      'expected either SQL or a request (--method and --path, --tool, --prompt, --resource)',
    );
  const asked = askedOf(parsed);
  const configFile = parsed.text('config') ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : null);
  const loaded = configFile === null ? null : loadConfig(configFile, io.environment);
  const policy = policyOf(loaded, parsed.text('policy'), io);
  const listener = listenerOf(loaded, asked, parsed.text('listener'));
  const sql = new SqlPremises(parsed, io, loaded, listener);
  const premises: RequestPremises = {
    policy: policy.policy,
    listener,
    sql: sql.place,
    pinOf: (kind, name) => pinOf(loaded, listener, kind, name, io),
  };
  const context = {
    principal: principalOf(parsed.text('user') ?? parsed.text('as'), parsed.all('group'), {
      loaded,
      listener,
    }),
    listener: listener?.name ?? parsed.text('listener') ?? '',
    clientAddress: parsed.text('client') ?? null,
  };
  const explained = await explainRequest(asked, premises, { context, atMs });
  const read = await sql.used;
  if (parsed.flag('json'))
    io.out(`${JSON.stringify(requestExplanationJson(explained, read?.ground ?? null), null, 2)}\n`);
  else io.out(requestExplanationText(explained, policy, read, styleFor(io.isTerminal)));
  return EXIT.ok;
}

function askedOf(parsed: ParsedArguments): AskedRequest {
  const given = CALLED.filter((kind) => parsed.text(kind) !== undefined);
  const [kind] = given;
  const ofHttp = ['method', 'path', 'body', 'content-type'].some((name) => parsed.text(name) !== undefined);
  if (given.length > 1 || (kind !== undefined && (ofHttp || parsed.all('header').length > 0)))
    throw new UsageError('expected one of --tool, --prompt and --resource, or --method and --path');
  if (kind !== undefined) {
    const written = contentOf(parsed, 'arguments');
    if (kind === 'resource' && written !== null)
      throw new UsageError('a resource is read without --arguments');
    return { about: 'mcp', kind, name: parsed.text(kind) ?? '', arguments: written };
  }
  if (parsed.text('arguments') !== undefined)
    throw new UsageError('expected --tool or --prompt with --arguments');
  const type = parsed.text('content-type');
  const headers = parsed.all('header').map((written): Field => {
    const colon = written.indexOf(':');
    if (colon < 1) throw new UsageError(`expected --header 'name: value', not "${written}"`);
    return [written.slice(0, colon), written.slice(colon + 1).trim()];
  });
  return {
    about: 'http',
    method: parsed.text('method') ?? 'GET',
    path: parsed.text('path') ?? '/',
    headers: type === undefined ? headers : [...headers, ['Content-Type', type]],
    body: contentOf(parsed, 'body'),
  };
}

/** What an option has, or the file that it names by `@file`. */
function contentOf(parsed: ParsedArguments, name: 'body' | 'arguments'): Buffer | null {
  const written = parsed.text(name);
  if (written === undefined) return null;
  if (!written.startsWith('@')) return Buffer.from(written);
  try {
    return readFileSync(written.slice(1));
  } catch (error) {
    throw new UsageError(`--${name}: ${errorText(error)}`);
  }
}

const NO_FILE = '(no policy)';

/** What keeps `sluice run` from using it is told, and is no reason to say nothing of the request. */
function policyOf(loaded: LoadedConfig | null, named: string | undefined, io: Io): LocatedPolicy {
  const file = named ?? (loaded === null ? null : policyFileOf(loaded));
  if (file === null) return loadPolicy(NO_FILE, 'default: allow\n');
  const located = loadPolicy(file, readTextFile(file));
  for (const problem of policyProblems(located.source, worldOf(loaded?.config ?? null, [])))
    io.error(`warning: ${formatProblem(problem)}\n`);
  return located;
}

/** The listener that is meant; null without a configuration. */
function listenerOf(
  loaded: LoadedConfig | null,
  { about }: AskedRequest,
  name: string | undefined,
): AnyListenerConfig | null {
  if (loaded === null) return null;
  const fitting = loaded.config.listeners.filter(({ protocol }) => protocol === about);
  const names = fitting.map((listener) => listener.name);
  if (name === undefined) {
    if (fitting.length > 1) throw new UsageError(`expected --listener, one of ${names.join(', ')}`);
    return fitting[0] ?? null;
  }
  const found = fitting.find((listener) => listener.name === name);
  if (found !== undefined) return found;
  const other = loaded.config.listeners.find((listener) => listener.name === name);
  if (other !== undefined)
    throw new UsageError(`listener "${name}" is of protocol: ${other.protocol}, and takes no such request`);
  throw new UsageError(
    `there is no listener "${name}" with protocol: ${about} in ${loaded.file}${suggestion(name, names)}`,
  );
}

/** What SQL in arguments is judged from, read when the first text is. */
class SqlPremises {
  readonly place: RequestPremises['sql'];
  /** What was read; null: nothing had to be. */
  used: Promise<Premises> | null = null;

  constructor(
    parsed: ParsedArguments,
    { environment }: Io,
    loaded: LoadedConfig | null,
    listener: AnyListenerConfig | null,
  ) {
    const own = listener?.protocol === 'mcp' ? listener.sql : undefined;
    const [schema, upstream] = [parsed.text('schema'), parsed.text('upstream')];
    const read = () =>
      premisesOf({
        config: loaded?.file,
        listener: own?.listener,
        policy: parsed.text('policy'),
        schema,
        upstream,
        dialect: dialectOf(parsed.text('dialect')),
        serverVersion: parsed.text('server-version'),
        searchPath: null,
        environment,
      });
    const ground = async () => {
      this.used ??= read();
      return (await this.used).ground;
    };
    if (own !== undefined)
      this.place = { arguments: own.arguments, known: own.known, listener: own.listener, ground };
    else if (loaded === null && (schema !== undefined || upstream !== undefined))
      this.place = { arguments: [], known: true, listener: '', ground };
    else this.place = null;
  }
}

async function pinOf(
  loaded: LoadedConfig | null,
  listener: AnyListenerConfig | null,
  kind: PinKind,
  name: string,
  io: Io,
): Promise<Pin | 'none' | null> {
  if (loaded === null || listener === null) return null;
  const { url } = loaded.config.state;
  // What a store has that is not there yet, or that nobody else can see, cannot be said from here.
  if (url.kind === 'sqlite' && (url.file === null || !existsSync(resolve(loaded.directory, url.file))))
    return null;
  const store = sharedState(stateDatabase(url, loaded.directory));
  try {
    const pins = await store.pins.list(listener.name);
    return pins.find((pin) => pin.kind === kind && pin.name === name) ?? 'none';
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    io.error(`warning: whether it is held for a review is not known: ${error.message}\n`);
    return null;
  } finally {
    await store.close();
  }
}
