/**
 * Tells a webhook of each request. The body is JSON with a `text` that Slack shows, and the request as data; it is
 * signed with the time of sending: `sluice-signature: v1=` and HMAC-SHA256 in hex over `<sluice-timestamp>.<body>`.
 * Nothing ever waits for it: what it does not take is tried again for some minutes, and then given up and logged.
 */
import { createHmac } from 'node:crypto';
import type { AlertEvent } from '../core/alerts.ts';
import { requestLine } from './asked-request.ts';
import type { ApprovalView } from './view.ts';

export interface WebhookOptions {
  readonly url: string;
  readonly secret: string;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
  /** Milliseconds before the second try; each later one waits twice as long. */
  readonly retryMs?: number;
}

/** More than these wait for a webhook that does not answer: the newest are not sent. */
const QUEUE_MAX = 1000;
const TRIES_MAX = 8;
const RETRY_MS = 1000;
const RETRY_MS_MAX = 60_000;
const ANSWER_MS_MAX = 10_000;
const TEXT_SHOWN_MAX = 1500;

interface Delivery {
  readonly id: string;
  readonly body: string;
  tries: number;
}

export class Webhook {
  readonly #options: WebhookOptions;
  readonly #ending = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();
  #waiting = 0;
  readonly counts = { sent: 0, retried: 0, failed: 0 };

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  send(approval: ApprovalView, url: string | null): void {
    this.#deliver(approval.id, { type: 'approval-request', text: textOf(approval, url), url, approval });
  }

  sendAlert(alert: AlertEvent): void {
    this.#deliver(alert.id, { type: 'alert', text: alertText(alert), alert });
  }

  #deliver(id: string, message: Readonly<Record<string, unknown>>): void {
    if (this.#waiting >= QUEUE_MAX) {
      this.#failed(id, 'too many deliveries are waiting');
      return;
    }
    this.#waiting++;
    void this.#try({ id, body: JSON.stringify(message), tries: 0 });
  }

  async #try(delivery: Delivery): Promise<void> {
    delivery.tries++;
    const failure = await this.#post(delivery.body);
    if (this.#ending.signal.aborted) return;
    if (failure === null) {
      this.#waiting--;
      this.counts.sent++;
    } else if (delivery.tries >= TRIES_MAX) {
      this.#waiting--;
      this.#failed(delivery.id, failure);
    } else this.#later(delivery, failure);
  }

  #later(delivery: Delivery, failure: string): void {
    this.counts.retried++;
    const { id, tries } = delivery;
    this.#options.log('a webhook did not take a message; it is tried again', {
      id,
      tries,
      failure,
    });
    const waitMs = Math.min(RETRY_MS_MAX, (this.#options.retryMs ?? RETRY_MS) * 2 ** (tries - 1));
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#try(delivery);
    }, waitMs);
    timer.unref();
    this.#timers.add(timer);
  }

  #failed(id: string, failure: string): void {
    this.counts.failed++;
    this.#options.log('a message was not told to the webhook', { id, failure });
  }

  /** Null where it was taken; otherwise why not, without the URL, which may hold a secret. */
  async #post(body: string): Promise<string | null> {
    const { url, secret } = this.#options;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
    try {
      const answer = await fetch(url, {
        method: 'POST',
        body,
        redirect: 'error',
        headers: {
          'content-type': 'application/json',
          'sluice-timestamp': timestamp,
          'sluice-signature': `v1=${signature}`,
        },
        signal: AbortSignal.any([this.#ending.signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
      });
      await answer.body?.cancel();
      return answer.ok ? null : `it answered ${answer.status}`;
    } catch (error) {
      if (!(error instanceof Error)) return 'it cannot be reached';
      const { cause } = error;
      return cause instanceof Error ? cause.message : error.message;
    }
  }

  close(): void {
    this.#ending.abort();
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

/** In Slack's own marks; a request's words are text and never marks. */
function textOf(
  { id, kind, principal, rule, by, reason, expiresAt, request, shown }: ApprovalView,
  url: string | null,
): string {
  const statement =
    request !== null ? requestLine(request) : typeof shown['text'] === 'string' ? shown['text'] : '';
  const cut = statement.length > TEXT_SHOWN_MAX ? `${statement.slice(0, TEXT_SHOWN_MAX)}…` : statement;
  const allowed = request === null ? 'to run' : 'for a yes to this';
  const what = kind === 'result' ? 'more rows than a rule allows, of' : allowed;
  return [
    `*${plain(principal)}* asks ${what} (approval \`${id}\`, rule ${plain(rule)}):`,
    `\`\`\`${plain(cut).replaceAll('`', "'")}\`\`\``,
    ...(reason === null ? [] : [`Reason: ${plain(reason)}`]),
    `${plain(by.join(', '))} may decide until ${expiresAt}.`,
    url === null
      ? `\`sluice approvals approve ${id} --as NAME\``
      : `<${url}|Decide> or \`sluice approvals approve ${id} --as NAME\``,
  ].join('\n');
}

function alertText({ alert, principal, message, quarantinedUntil }: AlertEvent): string {
  const until = quarantinedUntil === null ? null : new Date(quarantinedUntil).toISOString();
  const out = until === null ? '' : `\nIn quarantine until ${until}: \`sluice quarantine release\` ends it.`;
  return `Alert *${plain(alert)}*: *${plain(principal)}*: ${plain(message)}${out}`;
}

/** https://docs.slack.dev/messaging/formatting-message-text */
function plain(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
