/** The certificate that a client showed, as TLS has checked it. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../core/certificate.ts';

/** Null: the client showed none. */
export function clientCertificateOf(secured: TLSSocket): ClientCertificate | null {
  const certificate = secured.getPeerX509Certificate();
  if (certificate === undefined) return null;
  return {
    problem: verifyProblem(secured),
    names: namesOf(certificate),
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    expiresAtMs: certificate.validToDate.getTime(),
  };
}

/** What OpenSSL made of the chain. Node tells it to its own servers alone, and asks the same way (`verifyError`). */
function verifyProblem(secured: TLSSocket): string | null {
  const handle: unknown = Reflect.get(secured, '_handle');
  const verify: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'verifyError') : null;
  if (typeof verify !== 'function') return 'it could not be checked';
  const error: unknown = Reflect.apply(verify, handle, []);
  if (error === null || error === undefined) return null;
  return error instanceof Error ? error.message : 'it could not be checked';
}

function namesOf(certificate: X509Certificate): ClientCertificate['names'] {
  const alternatives = [...alternativeNames(certificate.subjectAltName ?? '')];
  const of = (type: string) => alternatives.flatMap(([found, name]) => (found === type ? [name] : []));
  return {
    cn: commonNames(certificate),
    email: of('email'),
    dns: of('DNS'),
    uri: of('URI'),
  };
}

/** `toLegacyObject` reads the name itself: the text of a subject can be made to look like another one. */
function commonNames(certificate: X509Certificate): readonly string[] {
  const { CN } = certificate.toLegacyObject().subject;
  const names: unknown = CN;
  if (typeof names === 'string') return [names];
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** `DNS:a, URI:"b\\u002c c"`: what could be misread stands in JSON's quotes (CVE-2021-44532). */
function* alternativeNames(text: string): Iterable<readonly [string, string]> {
  for (const [, type = '', quoted, plain] of text.matchAll(
    /([^:,\s]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))(?:, |$)/g,
  )) {
    const name: unknown = quoted === undefined ? plain : JSON.parse(quoted);
    if (typeof name === 'string' && name !== '') yield [type, name];
  }
}

function oneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}
