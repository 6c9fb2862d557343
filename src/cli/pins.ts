import { type Json, parseJson } from '../core/json.ts';
import { hashOf } from '../engine/pins.ts';
import { PIN_KINDS, type Pin, type PinKind, type StateStore } from '../state/store.ts';
import { type ParsedArguments, parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { shownDefinition } from './definition-text.ts';
import { acceptLooked, differenceOf } from './pin-review.ts';
import { operatorName, provenUser } from './proven-user.ts';
import { loadForStore, withStore } from './store-command.ts';
import { type Style, styleFor } from './style.ts';
import { aligned, type Column, oneLine, plural, shortTime, withoutControls } from './text-layout.ts';

const HELP = `Usage: sluice pins [list] [--listener NAME] [--all] [options]
       sluice pins show LISTENER KIND NAME [options]
       sluice pins diff LISTENER KIND NAME [options]
       sluice pins accept LISTENER KIND NAME DIGITS [--as NAME] [options]
       sluice pins forget LISTENER KIND NAME [options]

What MCP servers offer is pinned: a definition that is seen for the first time is recorded, and one that changes is
held, neither shown to agents nor called, until somebody has looked at the difference and accepted it. It speaks to the
state store of the configuration, so it works beside a running Sluice; every instance notices at once.

KIND is tool, prompt, template or instructions. DIGITS are the first digits of the hash of what is accepted, as list
and diff print it: what was looked at is accepted, and nothing that has come since.

  list      what is held and waits for a review; with --all, everything that is pinned
  show      the definition that stands, and the one that waits
  diff      what is different between the two
  accept    the one that waits stands from now on
  forget    what is seen next counts as seen for the first time

Options:
  --config FILE     the configuration (default: sluice.yaml)
  --listener NAME   list: of this listener alone
  --all             list: what stands as well
  --as NAME         who accepts: a user of the configuration, who is asked for the password.
                    Without it, the account of this machine is recorded
  --json            for scripts

Examples:
  sluice pins
  sluice pins diff github tool create_issue
  sluice pins accept github tool create_issue 3fa9c1d2

Exit codes: 0 listed, shown, accepted or forgotten; 1 there is no such pin, or it is another one that waits; 2 not asked.
`;

const DIGITS_SHOWN = 12;
const DIGITS_MIN = 6;

export const pins: Command = {
  name: 'pins',
  summary: 'what MCP servers offer: what has changed, and reviews of it',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, { texts: ['config', 'listener', 'as'], flags: ['all', 'json'] });
    const [verb = 'list', ...words] = parsed.positionals;
    const act = ACTS[verb];
    if (act === undefined) throw new UsageError(`expected list, show, diff, accept or forget, not "${verb}"`);
    if (words.length !== act.words) throw new UsageError(`expected sluice pins ${verb} ${act.usage}`.trim());
    const loaded = loadForStore(parsed.text('config'), io);
    const as = parsed.text('as');
    const by = as === undefined ? operatorName() : (await provenUser(as, loaded, io)).name;
    return withStore('pins', loaded, io, (store) => act.run({ store, parsed, io, words, by }));
  },
};

interface Asked {
  readonly store: StateStore;
  readonly parsed: ParsedArguments;
  readonly io: Io;
  readonly words: readonly string[];
  readonly by: string;
}

interface Act {
  readonly words: number;
  readonly usage: string;
  run(asked: Asked): Promise<number>;
}

const ONE = 'LISTENER KIND NAME';
const ACTS: Readonly<Record<string, Act>> = {
  list: { words: 0, usage: '', run: list },
  show: { words: 3, usage: ONE, run: show },
  diff: { words: 3, usage: ONE, run: difference },
  accept: { words: 4, usage: `${ONE} DIGITS`, run: accept },
  forget: { words: 3, usage: ONE, run: forget },
};

async function list({ store, parsed, io }: Asked): Promise<number> {
  const known = await store.pins.list(parsed.text('listener') ?? null);
  const shown = parsed.flag('all') ? known : known.filter(({ pending }) => pending !== null);
  if (parsed.flag('json')) {
    io.out(`${JSON.stringify(shown.map(pinView))}\n`);
    return EXIT.ok;
  }
  if (shown.length === 0) {
    io.out(
      known.length === 0
        ? 'nothing is pinned yet\n'
        : `nothing is held; ${plural(known.length, 'definition')} ${known.length === 1 ? 'stands' : 'stand'} (--all lists them)\n`,
    );
    return EXIT.ok;
  }
  const style = styleFor(io.isTerminal);
  io.out(`${aligned(shown, columnsIn(style), style.dim).join('\n')}\n`);
  return EXIT.ok;
}

const NAME_WIDTH = 40;
const WHY_WIDTH = 80;

function columnsIn(style: Style): readonly Column<Pin>[] {
  const left = (title: string, cell: (pin: Pin) => string): Column<Pin> => ({ title, align: 'left', cell });
  return [
    left('LISTENER', ({ listener }) => listener),
    left('KIND', ({ kind }) => kind),
    left('NAME', ({ name }) => oneLine(name, NAME_WIDTH)),
    left('SEEN', ({ seenAt }) => shortTime(new Date(seenAt).toISOString())),
    left('HASH', ({ accepted, pending }) => digitsOf(pending ?? accepted ?? '')),
    left('STATE', ({ pending, pendingWhy }) =>
      pending === null
        ? style.green('stands')
        : style.yellow(`held: it ${oneLine(pendingWhy ?? '', WHY_WIDTH)}`),
    ),
  ];
}

async function found({ store, words, io }: Asked): Promise<Pin | null> {
  const [listener = '', kind = '', name = ''] = words;
  if (!isKind(kind)) throw new UsageError(`expected ${PIN_KINDS.join(', ')}, not "${kind}"`);
  const pin = (await store.pins.list(listener)).find((one) => one.kind === kind && one.name === name);
  if (pin !== undefined) return pin;
  io.error(`sluice pins: ${withoutControls(listener)} has no ${kind} "${withoutControls(name)}"\n`);
  return null;
}

function isKind(word: string): word is PinKind {
  return PIN_KINDS.some((kind) => kind === word);
}

async function show(asked: Asked): Promise<number> {
  const pin = await found(asked);
  if (pin === null) return EXIT.no;
  const { io, parsed } = asked;
  if (parsed.flag('json')) io.out(`${JSON.stringify(pinView(pin))}\n`);
  else {
    const { accepted, acceptedBy, pending, pendingWhy } = pin;
    const reviewed =
      acceptedBy === null ? 'as it was seen first' : `accepted by ${withoutControls(acceptedBy)}`;
    if (accepted !== null)
      io.out(`stands (${digitsOf(accepted)}, ${reviewed}):\n${shownDefinition(accepted)}\n`);
    if (pending !== null)
      io.out(`held (${digitsOf(pending)}), since it ${pendingWhy ?? ''}:\n${shownDefinition(pending)}\n`);
  }
  return EXIT.ok;
}

async function difference(asked: Asked): Promise<number> {
  const pin = await found(asked);
  if (pin === null) return EXIT.no;
  const { io } = asked;
  const style = styleFor(io.isTerminal);
  if (pin.pending === null) {
    io.out('nothing waits for a review\n');
    return EXIT.ok;
  }
  for (const { change, line } of differenceOf(pin)) {
    const text = `${change} ${line}`;
    io.out(`${change === '+' ? style.green(text) : change === '-' ? style.red(text) : text}\n`);
  }
  const { listener, kind, name, pending } = pin;
  io.out(
    `\nto accept it: sluice pins accept ${listener} ${kind} ${JSON.stringify(name)} ${digitsOf(pending)}\n`,
  );
  return EXIT.ok;
}

async function accept(asked: Asked): Promise<number> {
  const digits = (asked.words[3] ?? '').replace(/^sha256:/, '').toLowerCase();
  if (digits.length < DIGITS_MIN || !/^[0-9a-f]+$/.test(digits))
    throw new UsageError(`expected at least ${DIGITS_MIN} digits of the hash, as sluice pins diff prints it`);
  const pin = await found(asked);
  if (pin === null) return EXIT.no;
  const { store, io, by } = asked;
  const reviewed = await acceptLooked(store, pin, `sha256:${digits}`, by);
  if (reviewed.outcome === 'other') {
    const { pending } = reviewed;
    const what = pending === null ? 'nothing waits for a review' : `what waits is ${digitsOf(pending)}`;
    io.error(`sluice pins: not accepted: ${what}\n`);
    return EXIT.no;
  }
  io.out(`${pin.kind} "${withoutControls(pin.name)}" of ${pin.listener} stands as accepted\n`);
  return EXIT.ok;
}

async function forget(asked: Asked): Promise<number> {
  const pin = await found(asked);
  if (pin === null || !(await asked.store.pins.forget(pin))) return EXIT.no;
  asked.io.out(`${pin.kind} "${withoutControls(pin.name)}" of ${pin.listener} is forgotten\n`);
  return EXIT.ok;
}

function digitsOf(definition: string): string {
  return hashOf(definition).slice('sha256:'.length, 'sha256:'.length + DIGITS_SHOWN);
}

/** For scripts. */
function pinView(pin: Pin): Json {
  const { listener, kind, name, accepted, acceptedBy, pending, pendingWhy, seenAt } = pin;
  const view = (definition: string | null): Json =>
    definition === null ? null : { hash: hashOf(definition), definition: parseJson(definition) };
  const at = new Date(seenAt).toISOString();
  return {
    listener,
    kind,
    name,
    seenAt: at,
    accepted: view(accepted),
    acceptedBy,
    pending: view(pending),
    pendingWhy,
  };
}
