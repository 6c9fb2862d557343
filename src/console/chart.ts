/** Charts as SVG of our own. */
import { h, svg } from './dom.ts';

const SPARK = { width: 120, height: 24 };

export function sparkline(points: readonly number[], slots: number): SVGElement {
  const max = Math.max(1, ...points);
  const x = (n: number) => ((slots - points.length + n) * SPARK.width) / Math.max(1, slots - 1);
  const y = (value: number) => SPARK.height - 2 - (value / max) * (SPARK.height - 4);
  return svg(
    'svg',
    { viewBox: `0 0 ${SPARK.width} ${SPARK.height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('polyline', {
      points: points.map((value, n) => `${x(n).toFixed(1)},${y(value).toFixed(1)}`).join(' '),
    }),
  );
}

export interface Series {
  readonly name: string;
  /** One value for each slot of time. */
  readonly values: readonly number[];
}

export interface BarChart {
  readonly label: string;
  readonly series: readonly Series[];
  /** What stands under a slot, where anything does. */
  readonly tick: (slot: number) => string;
  readonly format: (value: number) => string;
}

export const COLOURS = 7;
const WIDE = { width: 1040, height: 240, left: 70, bottom: 22, top: 8 };
/** On a phone, so that the words stay readable. */
const NARROW = { width: 380, height: 200, left: 56, bottom: 22, top: 8 };

/** Bars of one slot of time each, the series on top of each other. */
export function barChart({ label, series, tick, format }: BarChart): HTMLElement {
  const isNarrow = window.matchMedia('(max-width: 760px)').matches;
  const size = isNarrow ? NARROW : WIDE;
  const slots = series[0]?.values.length ?? 0;
  const sums = Array.from({ length: slots }, (_, slot) =>
    series.reduce((sum, { values }) => sum + (values[slot] ?? 0), 0),
  );
  const max = niceMax(Math.max(1, ...sums));
  const inner = { width: size.width - size.left - 4, height: size.height - size.bottom - size.top };
  const x = (slot: number) => size.left + (slot * inner.width) / Math.max(1, slots);
  const y = (value: number) => size.top + inner.height * (1 - value / max);
  const width = Math.max(1, (inner.width / Math.max(1, slots)) * 0.84);
  const lines = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = y(max * part);
    return [
      svg('line', { x1: size.left, x2: size.width, y1: at, y2: at, class: 'grid' }),
      svg('text', { x: size.left - 8, y: at + 4, 'text-anchor': 'end' }, format(max * part)),
    ];
  });
  const bars: SVGElement[] = [];
  for (let slot = 0; slot < slots; slot++) {
    let base = 0;
    series.forEach(({ name, values }, n) => {
      const value = values[slot] ?? 0;
      if (value === 0) return;
      const top = y(base + value);
      const height = Math.max(0.5, y(base) - top);
      const bar = svg(
        'rect',
        { x: x(slot), y: top, width, height, class: `c${n % COLOURS}` },
        svg('title', {}, `${name}, ${tick(slot)}: ${format(value)}`),
      );
      bars.push(bar);
      base += value;
    });
  }
  const every = Math.max(1, Math.ceil(slots / (isNarrow ? 4 : 8)));
  const ticks = Array.from({ length: slots }, (_, slot) => slot)
    .filter((slot) => slot % every === 0)
    .map((slot) => svg('text', { x: x(slot), y: size.height - 6 }, tick(slot)));
  return h(
    'div',
    { class: 'chart' },
    svg(
      'svg',
      { viewBox: `0 0 ${size.width} ${size.height}`, role: 'img', 'aria-label': label },
      lines,
      bars,
      ticks,
    ),
  );
}

/** A round number at or above. */
function niceMax(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 5, 8, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}
