import type { AlertDuty } from '../core/alerts.ts';
import type { SessionContext } from '../core/principal.ts';
import type { AlertDocument } from './alert-schema.ts';
import { contextTests } from './rule.ts';

const WINDOW_MS = 600_000;

/** One alert, compiled. */
export class AlertRule {
  readonly duty: AlertDuty;
  readonly timed: boolean;
  readonly #context: ReturnType<typeof contextTests>;

  constructor(document: AlertDocument) {
    const { name, on, after, window: windowMs, rows, bytes, values, cut, quarantine } = document;
    this.duty = {
      name,
      on,
      after,
      windowMs: windowMs ?? (after > 1 ? WINDOW_MS : null),
      rows: rows ?? null,
      bytes: bytes ?? null,
      values: values ?? [],
      cut: cut ?? false,
      quarantineMs: quarantine ?? null,
    };
    this.timed = document.when.at !== undefined;
    this.#context = contextTests(document.when);
  }

  appliesTo(context: SessionContext, at: Date): boolean {
    return this.#context.every((test) => test(context, at));
  }
}
