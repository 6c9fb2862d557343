/** What a session leaves in the journal beside its statements, as JSON members. */
import type { ProxyError } from '../core/errors.ts';
import type { SessionId } from '../core/ids.ts';
import type { Proof, SessionContext } from '../core/principal.ts';
import type { LoginDetails } from '../core/session.ts';

export function sessionStartMembers(
  id: SessionId,
  context: SessionContext,
  proof: Proof,
  details: LoginDetails,
): string {
  const { principal, listener, clientAddress } = context;
  return [
    `"session":"${id}"`,
    `"listener":${JSON.stringify(listener)}`,
    `"principal":${JSON.stringify(principal.name)}`,
    `"groups":${JSON.stringify(principal.groups)}`,
    `"client":${JSON.stringify(clientAddress)}`,
    `"application":${JSON.stringify(details.application)}`,
    `"tls":${details.secured}`,
    `"protocol":${JSON.stringify(details.protocol)}`,
    ...proofMembers(proof),
  ].join(',');
}

/** How it was proven, as far as there is something to say. */
function proofMembers({ via, expiresAtMs, credential, issuer, subject }: Proof): readonly string[] {
  return [
    `"via":"${via}"`,
    ...(expiresAtMs === null ? [] : [`"expires":"${new Date(expiresAtMs).toISOString()}"`]),
    ...(credential === null ? [] : [`"credential":${JSON.stringify(credential)}`]),
    ...(issuer === null ? [] : [`"issuer":${JSON.stringify(issuer)}`]),
    ...(subject === null ? [] : [`"subject":${JSON.stringify(subject)}`]),
  ];
}

/** `error` null: the client left of its own accord. */
export function sessionEndMembers(
  id: SessionId,
  error: ProxyError | null,
  { statements, denied }: Readonly<Record<'statements' | 'denied', number>>,
  { rows, bytes }: Readonly<Record<'rows' | 'bytes', number>>,
  ms: number,
): string {
  const reason = error === null ? 'client left' : error.code;
  return `"session":"${id}","reason":${JSON.stringify(reason)},"statements":${statements},"denied":${denied},"rows":${rows},"bytes":${bytes},"ms":${ms}`;
}

export function loginRefusedMembers(
  id: SessionId,
  listener: string,
  clientAddress: string | null,
  error: ProxyError,
): string {
  return `"session":"${id}","listener":${JSON.stringify(listener)},"client":${JSON.stringify(clientAddress)},"code":"${error.code}","detail":${JSON.stringify(error.detail)}`;
}
