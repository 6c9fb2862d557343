/** A statement or a request as Sluice reads it: the verdict, what it touches, and where each column of its result comes from. */
import type { Tried, TriedRequest, TriedStatement } from '../admin/policy-wire.ts';
import { badge, h, svg, verdictBadge } from './dom.ts';
import { bytes, count } from './format.ts';
import { sqlNode } from './sql-text.ts';

export function triedNode(tried: Tried): HTMLElement {
  const { verdict, rule, message, hint, statements, server, request } = tried;
  return h(
    'div',
    { class: 'tried' },
    h(
      'div',
      { class: `card verdict ${verdict}` },
      h(
        'p',
        {},
        verdictBadge(verdict),
        rule === null ? ` ${WITHOUT_RULE[verdict] ?? 'no rule is against it'}` : ' by rule ',
        rule === null ? null : h('code', {}, rule),
      ),
      request === null ? null : h('p', {}, h('code', { class: 'wrap' }, request.title)),
      message === null ? null : h('p', {}, message),
      hint === null ? null : h('p', { class: 'dim' }, hint),
      h('p', { class: 'dim' }, readText(server)),
    ),
    request === null ? null : requestNode(request),
    request === null || statements.length === 0
      ? null
      : h('h3', {}, `The SQL in its arguments, as it would come to listener ${request.sqlListener ?? ''}`),
    statements.map((statement, n) => statementNode(statement, n, statements.length)),
  );
}

const WITHOUT_RULE: Readonly<Record<string, string>> = { refused: 'before any rule is asked' };

function readText(server: string | null): string {
  if (server === null) return 'Nothing was sent anywhere.';
  return `Read as ${server.replace(/^server /, 'PostgreSQL ')} reads it. Nothing was run.`;
}

const DEFINITIONS = {
  stands: 'as it was seen first or reviewed last',
  held: 'has changed, and waits for a review (Definitions)',
  unseen: 'not seen yet: it is pinned when the server first lists it',
} as const;

/** What is owed for a request, whatever SQL is in it. */
function requestNode({ definition, limits, approvals, masks, notes }: TriedRequest): HTMLElement | null {
  const facts = [
    ...approvals.map(({ rule, by }) => ['Waits for', `${by.join(', ')} (${rule})`]),
    ...limits.map(({ rule, unit, max }) => [
      'Limited to',
      `${unit === 'bytes' ? bytes(max) : `${count(max)} rows`} (${rule})`,
    ]),
    ...masks.map(({ name, with: how }) => ['Masked in the answer', `${name} with ${how}`]),
    ...(definition === null ? [] : [['Definition', DEFINITIONS[definition]]]),
    ...notes.map((note) => ['Note', note]),
  ];
  if (facts.length === 0) return null;
  return h(
    'article',
    { class: 'card' },
    h(
      'dl',
      { class: 'facts' },
      facts.map(([name = '', value = '']) => [h('dt', {}, name), h('dd', {}, value)]),
    ),
  );
}

function statementNode(statement: TriedStatement, n: number, of: number): HTMLElement {
  const { text, kind, effects, verdict, rule, rules, observed, limit } = statement;
  const fact = (name: string, ...value: readonly (Node | string | null)[]) => [
    h('dt', {}, name),
    h('dd', {}, ...value),
  ];
  const limits = [
    limit.rows === null ? null : `${count(limit.rows)} rows (${limit.rowsRule ?? ''})`,
    limit.bytes === null ? null : `${bytes(limit.bytes)} (${limit.bytesRule ?? ''})`,
  ].filter((one) => one !== null);
  return h(
    'article',
    { class: 'card' },
    of === 1 ? null : h('h3', {}, `Statement ${n + 1} of ${of}`),
    of === 1 || text === null ? null : sqlNode(text),
    h(
      'dl',
      { class: 'facts' },
      fact('It is', `${kind} `, ...effects.map((effect) => badge(effect, effectKind(effect)))),
      of === 1 ? null : fact('Verdict', verdictBadge(verdict), rule === null ? '' : ` by ${rule}`),
      fact('Rows', boundText(statement)),
      limits.length === 0 ? null : fact('Limited to', limits.join(', ')),
      rules.length === 0 ? null : fact('Rules that match', rules.join(', ')),
      observed.length === 0 ? null : fact('Only observed', observed.join(', ')),
    ),
    relationsTable(statement),
    lineage(statement),
  );
}

const STRONG = new Set(['destroy', 'define', 'admin', 'file', 'network', 'dynamic', 'copy-out', 'execute']);

function effectKind(effect: string): string {
  if (effect === 'read') return 'plain';
  return STRONG.has(effect) ? 'bad' : 'wait';
}

function boundText({ bounded, bound, unfiltered }: TriedStatement): string {
  const filter = unfiltered ? ', and no WHERE restricts it' : '';
  if (bound.rows !== null) return `at most ${count(bound.rows)}${filter}`;
  return `${bounded ? 'it returns none' : 'nothing bounds them'}${filter}`;
}

function relationsTable({ relations, functions, places }: TriedStatement): HTMLElement {
  const used = Object.entries(places).map(([place, columns]) => `${place}: ${columns.join(', ')}`);
  const called = functions.map(({ schema, name, volatility }) =>
    [schema === null ? name : `${schema}.${name}`, volatility === null ? '' : ` (${volatility})`].join(''),
  );
  return h(
    'div',
    { class: 'columns' },
    h(
      'div',
      {},
      h('h4', {}, 'Tables'),
      relations.length === 0
        ? h('p', { class: 'dim' }, 'none')
        : h(
            'ul',
            {},
            relations.map(({ table, access, known }) =>
              h(
                'li',
                {},
                h('code', {}, table),
                ` ${access} `,
                known ? null : badge('not in the catalog', 'bad'),
              ),
            ),
          ),
    ),
    h(
      'div',
      {},
      h('h4', {}, 'Columns by place'),
      used.length === 0
        ? h('p', { class: 'dim' }, 'none')
        : h(
            'ul',
            {},
            used.map((line) => h('li', {}, line)),
          ),
    ),
    called.length === 0
      ? null
      : h(
          'div',
          {},
          h('h4', {}, 'Functions'),
          h(
            'ul',
            {},
            called.map((line) => h('li', {}, h('code', {}, line))),
          ),
        ),
  );
}

const ROW = 34;
const SHOWN_MAX = 60;
const WIDE = { width: 720, box: 260, nameMax: 33 };
/** On a phone boxes are narrow, and tables go without their schema. */
const NARROW = { width: 360, box: 160, nameMax: 19 };

/** Base columns on the left, the columns of the result on the right, and a line for each way from one to the other. */
function lineage({ columns }: TriedStatement): HTMLElement | null {
  if (columns.length === 0) return null;
  const isNarrow = window.matchMedia('(max-width: 760px)').matches;
  const { width, box: boxWidth, nameMax } = isNarrow ? NARROW : WIDE;
  const shown = columns.slice(0, SHOWN_MAX);
  const origins = [...new Set(shown.flatMap((column) => column.origins))];
  const height = Math.max(shown.length, origins.length, 1) * ROW + 8;
  const y = (n: number, of: number) => (height - of * ROW) / 2 + n * ROW + 4;
  const lines = shown.flatMap(({ origins: from, how, mask }, n) =>
    from.map((origin, at) => {
      const [y1, y2] = [y(origins.indexOf(origin), origins.length) + 13, y(n, shown.length) + 13];
      const [x1, x2] = [boxWidth, width - boxWidth];
      const middle = (x1 + x2) / 2;
      return svg(
        'path',
        {
          d: `M${x1} ${y1} C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`,
          class: `${mask === null ? 'plain' : 'masked'} ${how[at] === 'copied' ? '' : 'computed'}`,
        },
        svg('title', {}, `${origin}: ${how[at] ?? ''}`),
      );
    }),
  );
  const box = (x: number, top: number, name: string, kind: string) =>
    svg(
      'g',
      { class: kind },
      svg('rect', { x, y: top, width: boxWidth, height: 26, rx: 5 }),
      svg('text', { x: x + 10, y: top + 17 }, shortName(name, isNarrow, nameMax)),
      svg('title', {}, name),
    );
  return h(
    'figure',
    { class: 'lineage' },
    h(
      'figcaption',
      {},
      'Where the result comes from',
      columns.length > shown.length ? ` (the first ${SHOWN_MAX} columns)` : '',
    ),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'lineage' },
      svg(
        'svg',
        { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': inWords(shown) },
        lines,
        origins.map((name, n) =>
          box(0, y(n, origins.length), name, name === 'unknown' ? 'origin masked' : 'origin'),
        ),
        shown.map(({ name, mask }, n) =>
          box(
            width - boxWidth,
            y(n, shown.length),
            mask === null ? name : `${name} · ${mask}`,
            mask === null ? 'output' : 'output masked',
          ),
        ),
      ),
    ),
    h(
      'p',
      { class: 'dim legend' },
      h('i', { class: 'key plain' }),
      'as it is ',
      h('i', { class: 'key masked' }),
      'masked ',
      h('i', { class: 'key computed' }),
      'computed from it',
    ),
  );
}

function shortName(name: string, isNarrow: boolean, max: number): string {
  const parts = name.split(' · ')[0]?.split('.') ?? [];
  const short = isNarrow && parts.length > 2 ? name.slice((parts[0]?.length ?? 0) + 1) : name;
  return short.length > max ? `${short.slice(0, max - 1)}…` : short;
}

function inWords(columns: TriedStatement['columns']): string {
  const words = columns.map(
    ({ name, origins, mask }) =>
      `${name} from ${origins.join(' and ') || 'nothing'}${mask === null ? '' : `, masked by ${mask}`}`,
  );
  return words.join('; ');
}
