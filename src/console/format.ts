/** Numbers and times for people. */

const COUNT = new Intl.NumberFormat('en');
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export function count(value: number): string {
  return COUNT.format(value);
}

export function shortCount(value: number): string {
  return value < 10_000 ? COUNT.format(value) : SHORT.format(value);
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(value: number): string {
  let n = 0;
  while (value >= 1024 && n < BYTE_UNITS.length - 1) {
    value /= 1024;
    n++;
  }
  return `${value >= 100 || n === 0 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[n]}`;
}

export function duration(ms: number): string {
  if (ms < 1) return '<1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
}

/** `21 Nov, 08:04:31`, in the reader's own time zone. */
const WHEN = new Intl.DateTimeFormat('en-GB', {
  day: '2-digit',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

export function when(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? '' : WHEN.format(ms);
}

export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`;
}
