/** Every way in which a request ends without the upstream's answer, as problem details. */
import type { HttpRefusal, Problem } from '../../protocols/http/index.ts';
import type { Denial } from '../core/decision.ts';
import { ERRORS, type ErrorCode, type ErrorKind, ProxyError } from '../core/errors.ts';
import { UpstreamLoginError } from './http-upstream.ts';

const STATUS: Readonly<Record<ErrorKind, number>> = {
  malformed: 400,
  violation: 400,
  unsafe: 400,
  limit: 503,
  unavailable: 503,
  upstream: 502,
  identity: 401,
  config: 500,
  invariant: 500,
};

/** The same codes are told to clients of databases, in their words. */
const DETAILS: Partial<Readonly<Record<ErrorCode, string>>> = {
  'journal-unavailable': 'the journal cannot be written, so nothing is passed on; the request was not sent',
  'approvals-unavailable': 'approvals cannot be asked for at the moment; the request was not sent',
  'login-failed': 'the login failed',
};

export function problemOfError(error: unknown): Problem {
  const { code, detail } = error instanceof ProxyError ? error : new ProxyError('invariant');
  const row = ERRORS[code];
  const text = DETAILS[code] ?? row.message;
  return {
    status: STATUS[row.kind],
    code,
    title: code.replaceAll('-', ' '),
    detail: detail === null || row.kind === 'invariant' ? text : `${text}: ${detail}`,
  };
}

export function problemOfRefusal({ refused, status, message }: HttpRefusal): Problem {
  return {
    status,
    code: refused,
    title: refused.replaceAll('-', ' '),
    detail: message,
    hint: 'Sluice forwards only what every server reads in the same way.',
  };
}

const AWAITED = /^needs approval ([a-z0-9-]+(?: and [a-z0-9-]+)*) by rule/;

export function problemOfDenial({ message, detail, hint, rule, sqlstate }: Denial): Problem {
  const ids = AWAITED.exec(message)?.[1]?.split(' and ');
  const url = /https?:\/\/\S+/.exec(hint ?? '')?.[0];
  const kind = ids !== undefined ? 'approval-needed' : sqlstate.startsWith('42') ? 'denied' : 'limit';
  return {
    status: kind === 'limit' ? 429 : 403,
    code: kind,
    title: kind.replaceAll('-', ' '),
    detail: inRequestsWords(detail === null ? message : `${message} (${detail})`),
    rule,
    ...(hint === null ? {} : { hint }),
    ...(ids === undefined ? {} : { approval: { ids, ...(url === undefined ? {} : { url }) } }),
  };
}

/** Approvals speak of statements, which are what most of them are about. */
function inRequestsWords(text: string): string {
  return text.replace('run the same statement again', 'send the same request again');
}

export function problem(status: number, code: string, detail: string, hint?: string): Problem {
  return {
    status,
    code,
    title: code.replaceAll('-', ' '),
    detail,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** What undici and sockets say, as the upstream's fault. */
export function problemOfUpstream(error: unknown): Problem {
  if (error instanceof UpstreamLoginError)
    return problem(
      502,
      'upstream-login',
      'Sluice has nothing to log in with at the server behind it; the request was not sent',
    );
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'UND_ERR_CONNECT_TIMEOUT')
    return problem(504, 'upstream-unreachable', 'the server behind Sluice does not take connections in time');
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return problem(504, 'upstream-timeout', 'the server behind Sluice does not answer in time');
  if (
    code.startsWith('HPE_') ||
    (error instanceof Error && error.name === 'HTTPParserError') ||
    code === 'UND_ERR_INVALID_ARG'
  )
    return problem(
      502,
      'upstream-malformed',
      'the server behind Sluice answers in a way that cannot be followed',
    );
  if (UNREACHABLE.has(code))
    return problem(
      502,
      'upstream-unreachable',
      'the server behind Sluice cannot be reached; the request was not sent',
    );
  return problem(
    502,
    'upstream-lost',
    'the connection to the server behind Sluice was lost; the request may have been carried out',
  );
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);
