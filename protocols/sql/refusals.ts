/** What becomes of a message of the client's that does not run. */
import type { Denial } from '../../src/core/decision.ts';
import { ERRORS, type ProxyError } from '../../src/core/errors.ts';
import type { StatementEntry } from '../../src/core/gate.ts';

/** `pass`: send it. `drop`: it is dealt with. `hold`: keep it and ask again. */
export type Outcome = 'pass' | 'drop' | 'hold';

/** Some failures end the session. */
export function throwIfFinal(error: ProxyError): void {
  if (ERRORS[error.code].session === 'end') throw error;
}

/** A statement without parameters, as the journal takes it. */
export function entry(via: StatementEntry['via'], text: Buffer): StatementEntry {
  return { via, text, parameters: [], hidesParameters: false };
}

/** What the server itself would say of what it does not know. */
export function native(sqlstate: string, message: string): Denial {
  return {
    sqlstate,
    message,
    detail: null,
    hint: null,
    position: null,
    rule: 'sluice/unknown-name',
    native: true,
  };
}
