import { ProxyError } from './errors.ts';

/** Closes a switch over a union: a member without a case does not compile, and a value outside it ends the session. */
export function assertNever(value: never): never {
  throw new ProxyError('invariant', { detail: `unexpected value ${JSON.stringify(value)}` });
}
