/** Sizes and spans of time as people write them in configuration: `8MiB`, `15m`, `1h30m`. */

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

const TIME_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Bytes, or null where the text is no size. */
export function parseBytes(written: string | number): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(written));
  const unit = BYTE_UNITS[(match?.[2] ?? '').toLowerCase()];
  if (match === null || unit === undefined) return null;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : null;
}

/** Milliseconds, or null where the text is no span of time. A number without a unit is none. */
export function parseDurationMs(written: string): number | null {
  const compact = written.replaceAll(/\s/g, '');
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(compact)) return null;
  let sum = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    sum += Number(amount) * (TIME_UNITS_MS[unit ?? ''] ?? 0);
  }
  return Number.isSafeInteger(Math.round(sum)) ? Math.round(sum) : null;
}

/** `1.5 MiB`, for people. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  for (const [unit, size] of [
    ['KiB', 1024],
    ['MiB', 1024 ** 2],
  ] as const) {
    if (bytes < size * 1024) return `${trimmed(bytes / size)} ${unit}`;
  }
  return `${trimmed(bytes / 1024 ** 3)} GiB`;
}

/** `340 µs`, `1.2 ms`, `4.5 s`, for people. */
export function formatMs(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${trimmed(ms)} ms`;
  if (ms < 120_000) return `${trimmed(ms / 1000)} s`;
  return `${trimmed(ms / 60_000)} min`;
}

/** `1h`, `90s`, as configuration has it. */
export function formatSpan(ms: number): string {
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const) {
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return ms % 1000 === 0 && ms < 600_000 ? `${ms / 1000}s` : formatMs(ms);
}

function trimmed(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1).replace(/\.0$/, '');
}
