/** One recorded session: its statements over time, to be played, to be jumped in, to be read. */
import type { RecordedStatementInfo, RecordingPage } from '../admin/wire.ts';
import { errorText, get } from './api.ts';
import { badge, emptyState, fill, h, setText, type View, verdictBadge } from './dom.ts';
import { bytes, count, duration, plural, when } from './format.ts';
import { Playback } from './playback.ts';
import { askedNodes, causeNode, sqlBehindNode } from './recorded-request.ts';
import { responseOf } from './response.ts';

const SPEEDS = [0.5, 1, 4, 16, 64];

/** `number`: the statement at which the reader begins; null: at the head. */
export function playerView(id: string, number: number | null): View {
  const node = h('section', {}, h('h1', {}, 'Recording ', h('span', { class: 'mono' }, id)));
  let player: Player | null = null;
  const load = async () => {
    try {
      const page = await get<RecordingPage>(`sessions/${encodeURIComponent(id)}`);
      player = new Player(page, id);
      node.append(player.node);
      if (number !== null) await player.goTo(number);
    } catch (error) {
      node.append(h('p', { class: 'problem', role: 'alert' }, errorText(error)));
    }
  };
  void load();
  return {
    title: `Recording ${id}`,
    node,
    close: () => player?.playback.pause(),
    onKey: (key) => player?.onKey(key) ?? false,
  };
}

class Player {
  readonly node = h('div', { class: 'player' });
  playback: Playback;
  readonly #id: string;
  #statements: readonly RecordedStatementInfo[];
  #items: HTMLElement[] = [];
  readonly #list = h('ol', { class: 'statements' });
  readonly #marks = h('div', { class: 'marks', 'aria-hidden': 'true' });
  readonly #button = h('button', { class: 'primary', onclick: () => this.playback.toggle() });
  readonly #scrubber = h('input', {
    type: 'range',
    min: 0,
    max: 1000,
    value: 1000,
    'aria-label': 'position in the recording',
  });
  readonly #position = h('span', { class: 'num nowrap' });
  readonly #skips = h('input', { type: 'checkbox', checked: true });
  readonly #speed = h(
    'select',
    { 'aria-label': 'speed' },
    SPEEDS.map((speed) => h('option', { value: speed, selected: speed === 1 }, `${speed}×`)),
  );
  #shown = Number.NaN;
  readonly #more = h('button', {}, 'More statements');
  #next: number | null;

  constructor(page: RecordingPage, id: string) {
    this.#id = id;
    this.#statements = page.statements;
    this.playback = this.#newPlayback();
    this.#next = page.next;
    this.#more.hidden = page.next === null;
    this.#more.onclick = () => void this.#loadMore();
    this.#scrubber.addEventListener('input', () => {
      this.playback.pause();
      this.playback.jumpTo((Number(this.#scrubber.value) / 1000) * this.playback.lengthMs);
    });
    this.#speed.addEventListener('change', () => {
      this.playback.speed = Number(this.#speed.value);
    });
    this.#skips.addEventListener('change', () => this.#draw());
    this.node.append(headOf(page), this.#controls(), this.#list, this.#more);
    this.#draw();
  }

  async #loadMore(): Promise<void> {
    const further = await get<RecordingPage>(`sessions/${this.#id}`, { from: String(this.#next ?? 0) });
    this.#next = further.next;
    this.#more.hidden = further.next === null;
    this.#statements = [...this.#statements, ...further.statements];
    this.#draw();
  }

  /** To one statement, for which as many pages are read as there are before it. */
  async goTo(number: number): Promise<void> {
    while (this.#next !== null && this.#next <= number) await this.#loadMore();
    const n = this.#statements.findIndex((statement) => statement.number === number);
    if (n < 0) return;
    this.playback.jumpTo(this.playback.timeOf(n));
    this.#items[n]?.scrollIntoView({ block: 'center' });
  }

  #controls(): HTMLElement {
    return h(
      'div',
      { class: 'card controls' },
      this.#button,
      h('button', { onclick: () => this.playback.step(-1), 'aria-label': 'statement before' }, '‹'),
      h('button', { onclick: () => this.playback.step(1), 'aria-label': 'next statement' }, '›'),
      h('div', { class: 'track' }, this.#marks, this.#scrubber),
      this.#position,
      this.#speed,
      h('label', { class: 'check' }, this.#skips, 'skip pauses'),
    );
  }

  #newPlayback(): Playback {
    const offsets = this.#statements.map(({ offsetMs }) => offsetMs);
    const playback = new Playback(offsets, this.#skips.checked, () => this.#show());
    playback.speed = Number(this.#speed.value);
    return playback;
  }

  #draw(): void {
    this.playback.pause();
    this.playback = this.#newPlayback();
    this.#items = this.#statements.map((statement, n) => this.#item(statement, n));
    if (this.#statements.length === 0)
      fill(this.#list, emptyState('No statement', 'The session was opened, and nothing was asked in it.'));
    else fill(this.#list, this.#items);
    const marks = this.#statements.map(({ verdict }, n) => {
      const mark = h('i', { class: verdict === 'allow' ? 'good' : verdict === 'deny' ? 'bad' : 'wait' });
      mark.style.left = `${(this.playback.timeOf(n) / this.playback.lengthMs) * 100}%`;
      return mark;
    });
    fill(this.#marks, marks);
    this.#shown = Number.NaN;
    this.#show();
  }

  #item(statement: RecordedStatementInfo, n: number): HTMLElement {
    const { offsetMs, verdict, rule, message, observed, tables, via, cause, sql } = statement;
    const jump = () => {
      this.playback.pause();
      this.playback.jumpTo(this.playback.timeOf(n));
    };
    return h(
      'li',
      {},
      h(
        'div',
        { class: 'statement-head' },
        h('button', { class: 'time', onclick: jump, title: 'jump here' }, `+${duration(offsetMs)}`),
        verdictBadge(verdict),
        rule === null ? null : h('span', { class: 'dim' }, 'by ', h('code', {}, rule)),
        observed.length === 0 ? null : badge(`observed: ${observed.join(', ')}`, 'wait'),
        h('span', { class: 'dim end' }, tables.join(', ')),
      ),
      askedNodes(statement),
      message === null ? null : h('p', { class: 'bad' }, message),
      via === 'parse' ? h('p', { class: 'dim' }, 'prepared, not run') : null,
      cause === null ? null : causeNode(cause),
      sqlBehindNode(sql),
      statement.results.map(resultOf),
      statement.responses.map(responseOf),
    );
  }

  #show(): void {
    const { playback } = this;
    const { current } = playback;
    setText(this.#button, playback.isPlaying ? 'Pause' : 'Play');
    setText(this.#position, `${Math.max(0, current + 1)} of ${count(this.#items.length)}`);
    this.#scrubber.value = String(Math.round((playback.atMs / Math.max(1, playback.lengthMs)) * 1000));
    if (current === this.#shown) return;
    const isFirst = Number.isNaN(this.#shown);
    this.#shown = current;
    this.#items.forEach((item, n) => {
      item.classList.toggle('coming', n > current);
      item.classList.toggle('now', n === current);
    });
    // Whoever opens a recording begins to read at its head.
    if (!isFirst) this.#items[current]?.scrollIntoView({ block: 'nearest' });
  }

  onKey(key: string): boolean {
    switch (key) {
      case ' ':
        this.playback.toggle();
        return true;
      case 'ArrowLeft':
      case 'k':
        this.playback.step(-1);
        return true;
      case 'ArrowRight':
      case 'j':
        this.playback.step(1);
        return true;
      default:
        return false;
    }
  }
}

function headOf({ session }: RecordingPage): HTMLElement {
  const { user, groups, client, listener, application, at, ended, statements, denied, truncated } = session;
  const fact = (name: string, value: string) => [h('dt', {}, name), h('dd', {}, value)];
  return h(
    'dl',
    { class: 'card facts' },
    fact('User', `${user ?? '?'}${groups.length === 0 ? '' : ` (${groups.join(', ')})`}`),
    fact('From', `${client ?? 'a local socket'}${application === null ? '' : `, ${application}`}`),
    fact('Listener', listener ?? '?'),
    fact('Began', when(at)),
    fact('Lasted', `${duration(session.ms)}, ${ended ?? 'still open'}`),
    fact(
      'In all',
      `${plural(statements, 'statement')}, ${denied} denied, ${truncated} cut, ${plural(session.rows, 'row')}, ${bytes(session.bytes)}`,
    ),
  );
}

function resultOf({
  tag,
  sqlstate,
  rows,
  ms,
  truncatedBy,
  ...result
}: RecordedStatementInfo['results'][number]) {
  const outcome = sqlstate === null ? (tag ?? 'done') : `error ${sqlstate}`;
  // A tool may say of itself that it has failed; for the protocol that is an answer like others.
  const isGood = sqlstate === null && tag !== 'tool error';
  return h(
    'p',
    { class: 'result' },
    h('span', { class: isGood ? 'good' : 'bad' }, `→ ${outcome}`),
    h('span', { class: 'dim' }, ` ${plural(rows, 'row')}, ${bytes(result.bytes)}, ${duration(ms)} `),
    truncatedBy === null ? null : badge(`cut by ${truncatedBy}`, 'wait'),
  );
}
