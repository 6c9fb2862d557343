/** The console's login by way of an issuer: to it and back, in a browser, and a page that says why it did not work. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../core/principal.ts';
import { cookieOf } from './cookies.ts';
import type { AdminPorts } from './ports.ts';
import { Refusal } from './refusal.ts';
import { SignOnAttempts } from './sign-on-attempts.ts';

export const SIGN_ON_PATH = '/api/v1/login/oidc';
const CALLBACK_PATH = `${SIGN_ON_PATH}/callback`;

export interface SignOnOptions {
  /** The name of the cookie of logins: that of attempts is made of it. */
  readonly cookie: string;
  readonly isSecured: boolean;
  /** How people reach the server, where that is not its address. */
  readonly url: string | null;
  /** Logs somebody in; throws a Refusal. */
  readonly begin: (identity: Identity, request: FastifyRequest, reply: FastifyReply) => void;
}

export function serveSignOn(
  app: FastifyInstance,
  { signOn, isRevoked, log, now }: AdminPorts,
  { cookie, isSecured, url, begin }: SignOnOptions,
): void {
  if (signOn === null) return;
  const attempts = new SignOnAttempts(now);
  const name = `${cookie}-sign-on`;
  // Sent along when the issuer sends the browser back, which a strict one would not be.
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecured ? '; Secure' : ''}`;
  const failed = (reply: FastifyReply, status: number, why: string) => {
    log('warn', 'a login to the console by way of the issuer failed', { why });
    return reply.code(status).type('text/html; charset=utf-8').send(failurePage(why));
  };
  // As people see it: the host has been checked.
  const origin = ({ headers }: FastifyRequest) =>
    url?.replace(/\/$/, '') ?? `${isSecured ? 'https' : 'http'}://${headers.host ?? ''}`;
  app.get(SIGN_ON_PATH, async (request, reply) => {
    const begun = await signOn.begin(`${origin(request)}${CALLBACK_PATH}`);
    if ('why' in begun) return failed(reply, 503, begun.why);
    return reply
      .header('set-cookie', `${name}=${attempts.add(begun.attempt)}; Max-Age=600; ${attributes}`)
      .redirect(begun.location);
  });
  app.get(CALLBACK_PATH, async (request, reply) => {
    reply.header('set-cookie', `${name}=; Max-Age=0; ${attributes}`);
    const parameters = new URL(request.url, 'http://localhost').searchParams;
    const attempt = attempts.take(cookieOf(request, name), parameters.get('state'));
    if (attempt === null) return failed(reply, 403, 'This login was begun elsewhere, or too long ago.');
    const answer = await signOn.finish(attempt, parameters);
    if (answer.answer === 'refused') return failed(reply, answer.isOurs ? 503 : 403, answer.why);
    if (isRevoked(answer.identity)) return failed(reply, 403, 'Your access has been revoked.');
    try {
      begin(answer.identity, request, reply);
    } catch (error) {
      if (error instanceof Refusal) return failed(reply, error.status, error.message);
      throw error;
    }
    return reply.redirect('/');
  });
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** `why` is text, whatever is in it. */
function failurePage(why: string): string {
  const text = why.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not logged in - Sluice</title>
<link rel="stylesheet" href="/console/console.css">
<main class="center"><div class="card login">
<h1>Not logged in</h1>
<p role="alert">${text}</p>
<p><a href="/">Back to the console</a></p>
</div></main>
</html>
`;
}
