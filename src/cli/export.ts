import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode } from '../journal/lock.ts';
import { objectOf } from '../journal/segments.ts';
import { JournalTail } from '../journal/tail.ts';
import { type ParsedArguments, parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { ExportEvents } from './export-events.ts';
import { EXPORT_FORMATS, type Formatter, formatterOf } from './export-formats.ts';
import { type ExportSink, sinkFor, Undeliverable } from './export-sinks.ts';
import { journalPlace, requireSegments } from './journal-directory.ts';
import { momentOf } from './sessions.ts';

const HELP = `Usage: sluice export JOURNAL_DIR [options]
       sluice export --config FILE [options]

Gives the records of a journal to others: as they are, as OCSF events, or as syslog messages. Each is delivered at
least once: with a cursor, the next run goes on behind what the receiver has taken.

Options:
  --config FILE   the configuration whose journal is meant (default: sluice.yaml, if no directory is given)
  --format F      jsonl (default), ocsf (1.3: Datastore Activity, Authentication, API Activity), syslog (RFC 5424)
  --to PLACE      a file, tcp://host:port, tls://host:port, udp://host:port (syslog only), http(s)://… (default: output)
  --since TIME    records from then on: 2026-03-01, 2026-03-01T09:30:00Z, or a span such as 2h
  --until TIME    records up to then
  --type TYPE     only these, such as denied; may be given more than once
  --responses     recorded responses as well (never in OCSF)
  --cursor FILE   keeps how far it has come, and goes on from there
  --follow        goes on with what is written, until it is stopped
  --ca FILE       certificates to trust for tls://, in PEM

Over http(s):// batches of lines are posted, with $SLUICE_EXPORT_AUTHORIZATION as the Authorization header; what fails
with a 5xx, 408, 429 or on the way is sent again. Syslog over TCP and TLS is framed by octet counting (RFC 6587); it
has no answer, so a receiver that dies may have lost what it had not read.

Examples:
  sluice export ./journal --format ocsf --since 24h --to events.jsonl
  sluice export --config sluice.yaml --format syslog --to tls://logs.example.com:6514 --cursor export.json --follow

Exit codes: 0 delivered, 2 not.
`;

const BATCH_LINES = 500;
const BATCH_CHARS = 1024 * 1024;
const LOOK_EVERY_MS = 500;
/** Without --follow: attempts to deliver a batch, the second after this, each later one after twice as long. */
const TRIES_MAX = 6;
const RETRY_MS = 200;
const RETRY_MS_MAX = 30_000;

export const exportJournal: Command = {
  name: 'export',
  summary: 'records of a journal for other systems',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, {
      texts: ['config', 'format', 'to', 'since', 'until', 'cursor', 'ca'],
      lists: ['type'],
      flags: ['responses', 'follow'],
    });
    const [named, extra] = parsed.positionals;
    if (extra !== undefined) throw new UsageError(`expected one directory, got "${extra}" as well`);
    const written = parsed.text('format') ?? 'jsonl';
    const format = EXPORT_FORMATS.find((one) => one === written);
    if (format === undefined)
      throw new UsageError(`expected jsonl, ocsf or syslog for --format, not "${written}"`);
    const place = journalPlace(named, parsed.text('config'), io.environment);
    requireSegments(place);
    const cursorFile = parsed.text('cursor');
    const selection = selectionOf(parsed, readCursor(cursorFile));
    const sink = sinkFor({ to: parsed.text('to'), format, ca: parsed.text('ca'), io });
    const stopping = new AbortController();
    const stop = () => stopping.abort();
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
    try {
      const exporting = new Export(formatterOf(format), selection, sink, cursorFile, io);
      await exporting.run(place.directory, parsed.flag('follow') ? stopping.signal : null);
      await sink.close();
      return EXIT.ok;
    } finally {
      process.off('SIGTERM', stop);
      process.off('SIGINT', stop);
    }
  },
};

interface Selection {
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  readonly types: readonly string[];
  readonly responses: boolean;
  /** The last record that was delivered. */
  readonly after: number;
}

function selectionOf(parsed: ParsedArguments, after: number): Selection {
  return {
    sinceMs: momentOf('--since', parsed.text('since')),
    untilMs: momentOf('--until', parsed.text('until')),
    types: parsed.all('type'),
    responses: parsed.flag('responses'),
    after,
  };
}

class Export {
  readonly #format: Formatter;
  readonly #selection: Selection;
  readonly #sink: ExportSink;
  readonly #cursorFile: string | undefined;
  readonly #io: Io;
  readonly #events = new ExportEvents();
  #lines: string[] = [];
  #chars = 0;
  /** The last record that was looked at, and the last that the cursor file has. */
  #n: number;
  #kept: number;

  constructor(
    format: Formatter,
    selection: Selection,
    sink: ExportSink,
    cursorFile: string | undefined,
    io: Io,
  ) {
    this.#format = format;
    this.#selection = selection;
    this.#sink = sink;
    this.#cursorFile = cursorFile;
    this.#io = io;
    this.#n = selection.after;
    this.#kept = selection.after;
  }

  /** `following` null: what there is, and no more. */
  async run(directory: string, following: AbortSignal | null): Promise<void> {
    const tail = new JournalTail(directory);
    for (;;) {
      for (const record of tail.records()) {
        for (const event of this.#events.of(record)) this.#take(event);
        if (this.#lines.length >= BATCH_LINES || this.#chars >= BATCH_CHARS) await this.#deliver(following);
        if (following?.aborted === true) return;
      }
      await this.#deliver(following);
      if (following === null || following.aborted) return;
      await delay(LOOK_EVERY_MS, null, { signal: following }).catch(() => {});
    }
  }

  #take(event: ReturnType<ExportEvents['of']>[number]): void {
    const { sinceMs, untilMs, types, responses, after } = this.#selection;
    if (event.n <= after) return;
    this.#n = event.n;
    if (event.type === 'response' && !responses) return;
    if (types.length > 0 && !types.includes(event.type)) return;
    if (sinceMs !== null && event.atMs < sinceMs) return;
    if (untilMs !== null && event.atMs > untilMs) return;
    const line = this.#format(event);
    if (line === null) return;
    this.#lines.push(line);
    this.#chars += line.length;
  }

  async #deliver(following: AbortSignal | null): Promise<void> {
    const lines = this.#lines;
    if (lines.length > 0) {
      await this.#send(lines, following);
      if (following?.aborted === true && this.#lines.length > 0) return;
    }
    if (this.#n > this.#kept) writeCursor(this.#cursorFile, this.#n);
    this.#kept = this.#n;
  }

  async #send(lines: readonly string[], following: AbortSignal | null): Promise<void> {
    for (let tries = 1, pauseMs = RETRY_MS; ; tries++, pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
      try {
        await this.#sink.send(lines);
        this.#lines = [];
        this.#chars = 0;
        return;
      } catch (error) {
        const isLast = error instanceof Undeliverable || (following === null && tries >= TRIES_MAX);
        if (isLast) throw new Error(`not delivered: ${reasonOf(error)}`);
        if (tries === 1) this.#io.error(`not delivered yet, and tried again: ${reasonOf(error)}\n`);
        await delay(pauseMs, null, following === null ? {} : { signal: following }).catch(() => {});
        if (following?.aborted === true) return;
      }
    }
  }
}

/** What fetch fails with says little; its cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

function readCursor(file: string | undefined): number {
  if (file === undefined) return 0;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 0;
    throw error;
  }
  const n = objectOf(text)?.['n'];
  if (typeof n !== 'number') throw new UsageError(`${file} is no cursor of an export`);
  return n;
}

function writeCursor(file: string | undefined, n: number): void {
  if (file === undefined) return;
  writeFileSync(`${file}.new`, `${JSON.stringify({ type: 'sluice-export-cursor', n })}\n`);
  renameSync(`${file}.new`, file);
}
