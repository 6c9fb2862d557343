/** How people and programs log in to the admin listener by an issuer: by a token of it, or by way of it. */
import type { AdminPorts, ProofAnswer, SingleSignOnPort } from '../admin/ports.ts';
import { ERRORS, ProxyError } from '../core/errors.ts';
import { CodeFlow } from '../identity/oidc-code-flow.ts';
import type { TokenAnswer } from '../identity/oidc-tokens.ts';
import type { Shared } from './listeners.ts';

export function bearerOf({ tokens }: Shared): AdminPorts['bearer'] {
  if (tokens === null) return null;
  return async (token) => proofOf(await tokens.check(token));
}

/** Null where the configuration has no client for the console. */
export function signOnOf({ tokens, config }: Shared): SingleSignOnPort | null {
  const { oidc } = config.identity;
  if (tokens === null || oidc?.console === undefined) return null;
  const { client_id: id, client_secret: secret = null } = oidc.console;
  const flow = new CodeFlow(tokens, { id, secret, scope: oidc.scope });
  return {
    async begin(redirectUri) {
      try {
        return await flow.begin(redirectUri);
      } catch (error) {
        if (error instanceof ProxyError) return { why: wordsOf(error) };
        throw error;
      }
    },
    finish: async (attempt, parameters) => proofOf(await flow.finish(attempt, parameters)),
  };
}

function proofOf(answer: TokenAnswer): ProofAnswer {
  if (answer.answer === 'proven') return answer;
  const { error } = answer;
  return { answer: 'refused', why: wordsOf(error), isOurs: error.code === 'identity-unavailable' };
}

/** As a sentence. */
function wordsOf({ code, detail }: ProxyError): string {
  const text = ERRORS[code].message;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${detail === null ? '' : `: ${detail}`}.`;
}
