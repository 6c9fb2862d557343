/** What went out, by principal and by table, over time. */
import type { TrafficInfo } from '../admin/wire.ts';
import { errorText, get } from './api.ts';
import { barChart, COLOURS, type Series } from './chart.ts';
import { emptyState, fill, h, type View } from './dom.ts';
import { bytes, count, shortCount } from './format.ts';

const PERIODS = [
  ['60', 'an hour'],
  ['360', '6 hours'],
  ['1440', 'a day'],
  ['10080', 'a week'],
  ['43200', '30 days'],
] as const;
const UNITS = ['rows', 'bytes', 'statements', 'denied'] as const;
type Unit = (typeof UNITS)[number];
const AGAIN_MS = 15_000;
/** Slots of time that a chart of this width can show. */
const SLOTS_MAX = 120;

export function trafficView(): View {
  const content = h('div');
  const period = h(
    'select',
    { id: 'p-period' },
    PERIODS.map(([value, label]) => h('option', { value }, label)),
  );
  const unit = h(
    'select',
    { id: 'p-unit' },
    UNITS.map((value) => h('option', { value }, value)),
  );
  let traffic: TrafficInfo | null = null;
  const draw = () => {
    if (traffic === null) return;
    const wanted = UNITS.find((one) => one === unit.value) ?? 'rows';
    if (traffic.points.length === 0) fill(content, nothing());
    else fill(content, chartOf(traffic, 'principal', wanted), chartOf(traffic, 'table', wanted));
  };
  const load = async () => {
    try {
      traffic = await get<TrafficInfo>('traffic', { minutes: period.value });
      draw();
    } catch (error) {
      fill(content, h('p', { class: 'problem', role: 'alert' }, errorText(error)));
    }
  };
  period.addEventListener('change', () => void load());
  unit.addEventListener('change', draw);
  const timer = window.setInterval(() => void load(), AGAIN_MS);
  void load();
  return {
    title: 'Traffic',
    node: h(
      'section',
      {},
      h('h1', {}, 'Traffic'),
      h(
        'div',
        { class: 'filters' },
        h('div', {}, h('label', { for: 'p-unit' }, 'What'), unit),
        h('div', {}, h('label', { for: 'p-period' }, 'Over'), period),
      ),
      content,
    ),
    close: () => window.clearInterval(timer),
  };
}

function nothing(): HTMLElement {
  return emptyState(
    'Nothing went through in this time',
    'As soon as statements pass, this shows who took how many rows and bytes, and from which tables. Choose a longer time to look further back.',
  );
}

function chartOf(traffic: TrafficInfo, kind: 'principal' | 'table', unit: Unit): HTMLElement {
  const { stepMs, since, until, points } = traffic;
  const own = points.filter((point) => point.kind === kind);
  const slots = Math.ceil((Date.parse(until) - Date.parse(since)) / stepMs) + 1;
  const together = Math.max(1, Math.ceil(slots / SLOTS_MAX));
  const first = Math.floor(Date.parse(since) / stepMs) * stepMs;
  const slotMs = stepMs * together;
  const length = Math.ceil(slots / together);
  const totals = new Map<string, number>();
  for (const point of own) totals.set(point.name, (totals.get(point.name) ?? 0) + point[unit]);
  const ranked = [...totals].sort(([, left], [, right]) => right - left);
  const named = ranked.slice(0, COLOURS - 1).map(([name]) => name);
  const hasOthers = ranked.length > named.length;
  const series: Series[] = [...named, ...(hasOthers ? ['others'] : [])].map((name) => {
    const values = Array.from({ length }, () => 0);
    for (const point of own) {
      if (point.name !== name && (name !== 'others' || named.includes(point.name))) continue;
      const slot = Math.floor((point.at - first) / slotMs);
      if (slot >= 0 && slot < length) values[slot] = (values[slot] ?? 0) + point[unit];
    }
    return { name: name === '' ? '(unknown)' : name, values };
  });
  const format = unit === 'bytes' ? bytes : shortCount;
  const title = kind === 'principal' ? 'By user' : 'By table';
  return h(
    'div',
    { class: 'card' },
    h('h2', {}, title),
    barChart({
      label: `${unit} ${title.toLowerCase()}`,
      series,
      format,
      tick: (slot) => tickOf(first + slot * slotMs, slotMs),
    }),
    h(
      'table',
      { class: 'legend-table' },
      h(
        'tbody',
        {},
        ranked
          .slice(0, 20)
          .map(([name, total], n) =>
            h(
              'tr',
              {},
              h(
                'th',
                { scope: 'row' },
                h('i', { class: `key c${Math.min(n, COLOURS - 1)}` }),
                name === '' ? '(unknown)' : name,
              ),
              h('td', { class: 'num' }, unit === 'bytes' ? bytes(total) : count(total)),
            ),
          ),
      ),
    ),
    kind === 'table' ? h('p', { class: 'dim' }, 'Rows of a join count for each of its tables.') : null,
  );
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short', hour: '2-digit' });

function tickOf(ms: number, slotMs: number): string {
  return (slotMs < 600_000 ? CLOCK : DAY).format(ms);
}
