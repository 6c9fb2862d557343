/**
 * What a client carries from an answer that asks for input to the call that it sends once more (2026-07-28, multi
 * round-trip requests): for which approvals it waits. It holds for one principal and one call, and for a while.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** For whom, and for what, a state is made. */
export interface StateOf {
  /** As `identityKey` tells principals apart. */
  readonly principal: string;
  readonly method: string;
  /** Of the tool, prompt or resource. */
  readonly name: string;
  /** As they were written; null: there were none. */
  readonly arguments: Buffer | null;
}

/** `foreign`: it is somebody else's, such as the server's own. `invalid`: it is none for this call any more. */
export type ReadState = { readonly ids: readonly string[] } | 'foreign' | 'invalid';

const ID = /^[a-z0-9-]{1,32}$/;

export class ApprovalStates {
  readonly #key: Buffer;
  /** By which one's own are told from those of another Sluice in front or behind. */
  readonly #prefix: string;

  /** `secret`: what all instances share that share their approvals. */
  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('mcp request state').digest();
    const name = createHash('sha256').update(this.#key).digest('hex').slice(0, 12);
    this.#prefix = `sluice-${name}.`;
  }

  make(ids: readonly string[], of: StateOf, expiresAtMs: number): string {
    const payload = `${ids.join('+')}.${Math.ceil(expiresAtMs)}`;
    return `${this.#prefix}${payload}.${this.#mac(payload, of).toString('base64url')}`;
  }

  read(state: string, of: StateOf, nowMs: number): ReadState {
    if (!state.startsWith(this.#prefix)) return 'foreign';
    const [list = '', expires = '', mac = '', ...rest] = state.slice(this.#prefix.length).split('.');
    const ids = list.split('+');
    const given = Buffer.from(mac, 'base64url');
    const right = this.#mac(`${list}.${expires}`, of);
    const isRight = given.length === right.length && timingSafeEqual(given, right);
    if (!isRight || rest.length > 0 || Number(expires) <= nowMs || !ids.every((id) => ID.test(id)))
      return 'invalid';
    return { ids };
  }

  #mac(payload: string, { principal, method, name, arguments: args }: StateOf): Buffer {
    const call = createHash('sha256')
      .update(args ?? 'none')
      .digest('hex');
    const bound = JSON.stringify([payload, principal, method, name, args === null, call]);
    return createHmac('sha256', this.#key).update(bound).digest();
  }
}
