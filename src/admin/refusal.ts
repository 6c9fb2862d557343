/** What goes wrong with a request, as RFC 9457 has it: what it is, and what to do about it. */

const TITLES = {
  400: 'The request is not as it has to be',
  401: 'Nobody is logged in',
  403: 'That is not allowed',
  404: 'There is no such thing',
  409: 'It is too late for that',
  413: 'The request is too large',
  421: 'This host name is not expected',
  429: 'Too many attempts',
  500: 'Sluice made a mistake',
  503: 'That cannot be done right now',
} as const;

export type RefusalStatus = keyof typeof TITLES;

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: RefusalStatus;
  /** `about:blank` unless a client is to tell it from others of its status. */
  readonly type: string;
  readonly retryAfterS: number | null;

  constructor(
    status: RefusalStatus,
    detail: string,
    { type = 'about:blank', retryAfterS = null }: { type?: string; retryAfterS?: number | null } = {},
  ) {
    super(detail);
    this.status = status;
    this.type = type;
    this.retryAfterS = retryAfterS;
  }

  get problem() {
    return { type: this.type, title: TITLES[this.status], status: this.status, detail: this.message };
  }
}
