/** Sessions that are open now, with what moves. Rows stay where they are while their figures change. */
import type { LiveSessionInfo, LiveSnapshot, Me } from '../admin/wire.ts';
import { errorText, post } from './api.ts';
import { sparkline } from './chart.ts';
import { badge, emptyState, fill, h, setText, type View } from './dom.ts';
import type { Feed } from './feed.ts';
import { bytes, duration, plural, shortCount } from './format.ts';
import { askFor, toast } from './notice.ts';

interface Row {
  readonly node: HTMLTableRowElement;
  show(session: LiveSessionInfo, bytesPerSecond: number): void;
}

const SPARK_POINTS = 60;
const PHASES: Readonly<Record<string, readonly [string, string]>> = {
  busy: ['busy', 'good'],
  held: ['held', 'wait'],
  idle: ['idle', 'plain'],
};

export function liveView(feed: Feed, me: Me): View {
  const tiles = new Tiles();
  const body = h('tbody');
  const rows = new Map<string, Row>();
  const more = h('p', { class: 'dim' });
  const table = h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'live sessions' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['Session', 'User', 'State'].map((name) => h('th', { scope: 'col' }, name)),
          ['Age', 'Statements', 'Denied', 'Rows', 'Bytes', 'Bytes/s'].map((name) =>
            h('th', { scope: 'col', class: 'num' }, name),
          ),
          h('th', { scope: 'col' }, 'From'),
          me.role === 'admin' ? h('th', { scope: 'col' }, h('span', { class: 'unseen' }, 'Actions')) : null,
        ),
      ),
      body,
    ),
  );
  const nobody = emptyState(
    'No session is open',
    'Point a client at a listener of Sluice instead of at the database. It appears here at once, and everything it asks is recorded.',
    h('p', {}, h('a', { href: '#/recordings' }, 'Look at recordings'), ' of sessions that have ended.'),
  );
  const before = new Map<string, number>();
  const stop = feed.listen((news) => {
    if (news === null) return;
    const { sessions, total } = news.live;
    tiles.show(news.live);
    nobody.hidden = total > 0;
    table.hidden = total === 0;
    setText(more, total > sessions.length ? `and ${plural(total - sessions.length, 'quieter session')}` : '');
    const shown = new Set(sessions.map(({ id }) => id));
    for (const [id, row] of rows)
      if (!shown.has(id)) {
        row.node.remove();
        rows.delete(id);
        before.delete(id);
      }
    for (const session of sessions) {
      let row = rows.get(session.id);
      if (row === undefined) {
        row = newRow(session, me);
        rows.set(session.id, row);
        body.append(row.node);
      }
      row.show(session, Math.max(0, session.bytes - (before.get(session.id) ?? session.bytes)));
      before.set(session.id, session.bytes);
    }
  });
  return {
    title: 'Live sessions',
    node: h('section', {}, h('h1', {}, 'Live sessions'), tiles.node, nobody, table, more),
    close: stop,
  };
}

function newRow(session: LiveSessionInfo, me: Me): Row {
  const state = h('td');
  const cells = Array.from({ length: 6 }, () => h('td', { class: 'num' }));
  const end = async () => {
    const sure = await askFor(
      'End this session?',
      `Session ${session.id} of ${session.user} is cut at once, whatever runs in it. The client reads why.`,
      'End it',
    );
    if (!sure) return;
    try {
      await post(`live/${session.id}/terminate`, {});
      toast(`Session ${session.id} has been ended.`);
    } catch (error) {
      toast(errorText(error), 'bad');
    }
  };
  const node = h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('a', { href: `#/recordings/${session.id}`, class: 'mono' }, session.id)),
    h('td', {}, session.user, h('small', {}, session.groups.join(', '))),
    state,
    cells,
    h(
      'td',
      {},
      session.client ?? 'local socket',
      h('small', {}, [session.listener, session.application].filter(Boolean).join(' · ')),
    ),
    me.role === 'admin'
      ? h('td', {}, h('button', { class: 'small', onclick: () => void end() }, 'End'))
      : null,
  );
  let phase = '';
  return {
    node,
    show(now, perSecond) {
      if (now.phase !== phase) {
        phase = now.phase;
        const [text, kind] = PHASES[phase] ?? [phase, 'plain'];
        fill(state, badge(text, kind));
      }
      const texts = [
        duration(now.ageMs),
        shortCount(now.statements),
        now.denied === 0 ? '' : shortCount(now.denied),
        shortCount(now.rows),
        bytes(now.bytes),
        perSecond === 0 ? '' : `${bytes(perSecond)}/s`,
      ];
      for (const [n, cell] of cells.entries()) setText(cell, texts[n] ?? '');
      cells[2]?.classList.toggle('bad', now.denied > 0);
      cells[5]?.classList.toggle('moving', perSecond > 0);
    },
  };
}

/** The sums of all listeners, with the last minute of each. */
class Tiles {
  readonly node = h('div', { class: 'tiles' });
  readonly #tiles: readonly { readonly value: HTMLElement; readonly spark: HTMLElement; points: number[] }[];
  #before: LiveSnapshot | null = null;

  constructor() {
    this.#tiles = ['Sessions', 'Statements/s', 'Rows/s', 'Bytes/s', 'Denied so far'].map((name) => {
      const value = h('strong', {}, '–');
      const spark = h('span', { class: 'spark' });
      this.node.append(h('div', { class: 'card tile' }, h('span', { class: 'dim' }, name), value, spark));
      return { value, spark, points: [] };
    });
  }

  show(live: LiveSnapshot): void {
    const before = this.#before ?? live;
    const seconds = Math.max(1, (Date.parse(live.at) - Date.parse(before.at)) / 1000);
    const rate = (now: number, then: number) => Math.max(0, Math.round((now - then) / seconds));
    const statements = rate(live.allowed + live.denied, before.allowed + before.denied);
    const values = [
      live.total,
      statements,
      rate(live.rows, before.rows),
      rate(live.bytes, before.bytes),
      live.denied,
    ];
    this.#before = live;
    values.forEach((value, n) => {
      const tile = this.#tiles[n];
      if (tile === undefined) return;
      setText(tile.value, n === 3 ? bytes(value) : shortCount(value));
      tile.points = [...tile.points, value].slice(-SPARK_POINTS);
      fill(tile.spark, sparkline(tile.points, SPARK_POINTS));
    });
  }
}
