/** What the policy says of an HTTP request: the same normalisation and the same decision as a listener's. */
import { existsSync, readFileSync } from 'node:fs';
import { type Field, isHttpRefusal, readHead, STRICT_TARGET } from '../../protocols/http/index.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import type { BodyFacts, HttpFacts, RequestDecision } from '../core/requests.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../json/index.ts';
import { loadPolicy } from '../policy/policy.ts';
import type { ParsedArguments } from './arguments.ts';
import { EXIT, type Io, UsageError } from './command.ts';
import { readPolicy, worldOf } from './policy-files.ts';
import { DEFAULT_CONFIG, policyFileOf } from './premises.ts';
import { principalOf } from './principal-option.ts';

/** What is asked of `sluice explain` where it is about a request. */
export const REQUEST_TEXTS = ['method', 'path', 'body', 'content-type'] as const;
export const REQUEST_LISTS = ['header'] as const;

export function isOfRequest(parsed: ParsedArguments): boolean {
  return parsed.text('method') !== undefined || parsed.text('path') !== undefined;
}

export function explainRequest(parsed: ParsedArguments, io: Io, atMs: number): number {
  if (parsed.positionals.length > 0) throw new UsageError('expected either SQL or --method and --path');
  const configFile = parsed.text('config') ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : null);
  const named = parsed.text('policy');
  const loaded = configFile === null ? null : loadConfig(configFile, io.environment);
  const policy =
    named !== undefined || loaded === null
      ? loadPolicy(
          named ?? '(no policy)',
          named === undefined ? 'default: allow\n' : readFileSync(named, 'utf8'),
        ).policy
      : readPolicy(policyFileOf(loaded), worldOf(loaded.config, []));
  const listener = httpListenerOf(loaded, parsed.text('listener'));
  const facts = factsOf(parsed, listener);
  if ('refused' in facts) {
    const { message } = facts;
    if (parsed.flag('json')) io.out(`${JSON.stringify({ verdict: 'refused', message }, null, 2)}\n`);
    else io.out(`REFUSED  ${message}\n`);
    return EXIT.ok;
  }
  const principal = principalOf(parsed.text('user'), parsed.all('group'), { loaded, listener: null });
  const clientAddress = parsed.text('client') ?? null;
  const context = { principal, listener: listener?.name ?? parsed.text('listener') ?? '', clientAddress };
  const decision = policy.decideRequest(policy.contextFor(context, atMs), facts);
  io.out(parsed.flag('json') ? requestJson(facts, decision) : requestText(facts, decision));
  return EXIT.ok;
}

function httpListenerOf(loaded: LoadedConfig | null, name: string | undefined) {
  const all = loaded?.config.listeners ?? [];
  const http = all.flatMap((listener) => (listener.protocol === 'http' ? [listener] : []));
  const found = name === undefined ? http[0] : http.find((listener) => listener.name === name);
  if (name !== undefined && loaded !== null && found === undefined)
    throw new UsageError(`there is no listener "${name}" with protocol: http in ${loaded.file}`);
  if (name === undefined && http.length > 1)
    throw new UsageError(`expected --listener, one of ${http.map((listener) => listener.name).join(', ')}`);
  return found ?? null;
}

function factsOf(
  parsed: ParsedArguments,
  listener: ReturnType<typeof httpListenerOf>,
): HttpFacts | { readonly refused: string; readonly message: string } {
  const body = parsed.text('body');
  const type = parsed.text('content-type') ?? 'application/json';
  const given = parsed.all('header').map((written): Field => {
    const colon = written.indexOf(':');
    if (colon < 1) throw new UsageError(`expected --header 'name: value', not "${written}"`);
    return [written.slice(0, colon), written.slice(colon + 1).trim()];
  });
  const rules =
    listener === null
      ? STRICT_TARGET
      : { encodedSlashes: listener.paths.encoded_slashes, pathParameters: listener.paths.parameters };
  const fields: readonly Field[] = [['Host', 'localhost'], ...given];
  const head = readHead(
    {
      method: (parsed.text('method') ?? 'GET').toUpperCase(),
      target: parsed.text('path') ?? '/',
      version: '1.1',
      fields,
    },
    rules,
  );
  if (isHttpRefusal(head)) return head;
  const read = bodyOf(body, type);
  if ('refused' in read) return read;
  const { method, path, query, host } = head;
  const headers = new Map(given.map(([name, value]) => [name.toLowerCase(), value]));
  return { about: 'http', method, path, query, host, headers, body: read };
}

function bodyOf(
  body: string | undefined,
  type: string,
): BodyFacts | { readonly refused: string; readonly message: string } {
  if (body === undefined) return { kind: 'none' };
  if (!/json/i.test(type)) return { kind: 'unread' };
  const bytes = Buffer.from(body);
  const document = scanJson(bytes, 0, bytes.length, CANONICAL_JSON);
  return isRefused(document) ? document : { kind: 'json', document, node: document.root };
}

const WORDS = { allow: 'ALLOWED', deny: 'DENIED', approve: 'NEEDS APPROVAL' } as const;

function requestText({ method, path, query }: HttpFacts, decision: RequestDecision): string {
  const { verdict, rule, message, rules, observed, obligations, response } = decision;
  const lines = [
    `${WORDS[verdict]}  ${method} ${path}${query === null ? '' : `?${query}`}`,
    `  by ${rule === null ? 'the default of the policy' : `rule "${rule}"`}${message === null ? '' : `: ${message}`}`,
  ];
  if (rules.length > 0) lines.push(`  rules that match: ${rules.join(', ')}`);
  if (observed.length > 0) lines.push(`  rules that only observe: ${observed.join(', ')}`);
  for (const { rule: by, unit, max } of obligations.limits)
    lines.push(`  limit: ${max} ${unit} by rule "${by}"`);
  for (const { rule: by, by: groups } of obligations.approvals)
    lines.push(`  approval: by ${groups.join(', ')} (rule "${by}")`);
  for (const { name, masker } of response?.paths ?? [])
    lines.push(`  masked in the answer: ${name} with ${masker}`);
  for (const { name, masker } of response?.detected ?? [])
    lines.push(`  looked for in the answer: ${name}, masked with ${masker}`);
  return `${lines.join('\n')}\n`;
}

function requestJson({ method, path, query }: HttpFacts, decision: RequestDecision): string {
  const { verdict, rule, rules, observed, message, obligations, response, policyVersion } = decision;
  const masks = [...(response?.paths ?? []), ...(response?.detected ?? [])].map(({ name, masker }) => ({
    name,
    with: masker,
  }));
  const { limits, approvals } = obligations;
  return `${JSON.stringify(
    {
      verdict,
      rule,
      rules,
      observed,
      message,
      policy: policyVersion,
      request: { method, path, query },
      limits,
      approvals,
      masks,
    },
    null,
    2,
  )}\n`;
}
