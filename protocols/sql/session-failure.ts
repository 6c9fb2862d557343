/** What goes wrong in a session, as the error that ends it. */
import { MalformedBytes } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';

export type FailureCode = 'malformed-frame' | 'upstream-malformed' | 'invariant';

/** Whatever goes wrong in a session ends it, and no other. `code`: what bytes that cannot be read are. */
export function failureOf(code: FailureCode, error: unknown): ProxyError {
  if (error instanceof ProxyError) return error;
  if (error instanceof MalformedBytes) return new ProxyError(code, { detail: error.message, cause: error });
  return new ProxyError('invariant', { cause: error });
}
