import { setTimeout as delay } from 'node:timers/promises';
import { recordsIn } from '../journal/read.ts';
import { parseArguments } from './arguments.ts';
import { asciicastOf } from './asciicast.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { journalPlace, requireSegments } from './journal-directory.ts';
import { sqlBehind } from './recorded-story.ts';
import { type Recording, recordingOf, recordsBySession } from './recording.ts';
import { headText, statementText, tailText } from './recording-text.ts';
import { styleFor } from './style.ts';

const HELP = `Usage: sluice replay SESSION JOURNAL_DIR [options]
       sluice replay SESSION --config FILE [options]

Shows a recorded session over time: each statement with its parameters, the verdict and the rule, and how it
came out (rows, bytes, time, whether a limit cut it). Where responses are recorded (journal.responses, and rules with
then: { record: … }), they are shown as the client saw them, after masking. Nothing is sent anywhere. The first characters of the
session's id are enough, as "sluice sessions" lists them.

Options:
  --config FILE   the configuration whose journal is meant (default: sluice.yaml, if no directory is given)
  --speed N       as fast as it happened, times N (1: as it was, 2x: twice as fast, 0: all at once, the default)
  --no-delay      all at once
  --rows N        of each recorded result at most so many rows (default: 20)
  --json          { session, statements[] }
  --format F      text (default), json, or asciicast (version 2, for players of terminal recordings)

Examples:
  sluice replay 7kfq ./journal
  sluice replay 7kfq --config sluice.yaml --speed 10

Exit codes: 0 shown, 2 not.
`;

/** An id is told by its first characters; fewer than this are hardly meant. */
const PREFIX_MIN = 2;
/** Nobody waits longer than this between two statements. */
const PAUSE_MS_MAX = 60_000;

export const replay: Command = {
  name: 'replay',
  summary: 'a recorded session, statement by statement',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, {
      texts: ['config', 'speed', 'rows', 'format'],
      flags: ['no-delay', 'json'],
    });
    const [prefix, named, extra] = parsed.positionals;
    if (prefix === undefined) throw new UsageError('expected the id of a session, or how it begins');
    if (extra !== undefined)
      throw new UsageError(`expected a session and a directory, got "${extra}" as well`);
    if (parsed.flag('no-delay') && parsed.text('speed') !== undefined) {
      throw new UsageError('expected --speed or --no-delay, not both');
    }
    const speed = speedOf(parsed.text('speed'));
    const rowsMax = rowsOf(parsed.text('rows'));
    const format = parsed.text('format') ?? (parsed.flag('json') ? 'json' : 'text');
    if (format !== 'text' && format !== 'json' && format !== 'asciicast')
      throw new UsageError(`expected text, json or asciicast for --format, not "${format}"`);
    const place = journalPlace(named, parsed.text('config'), io.environment);
    requireSegments(place);
    const recording = findRecording(place.directory, prefix);
    if (format === 'asciicast') io.out(asciicastOf(recording, rowsMax));
    else if (format === 'json') io.out(`${JSON.stringify(recording, null, 2)}\n`);
    else await show(recording, speed, rowsMax, io);
    return EXIT.ok;
  },
};

function speedOf(written: string | undefined): number | null {
  if (written === undefined) return null;
  const speed = Number(written.replace(/x$/, ''));
  if (speed === 0 && written !== '') return null;
  if (Number.isFinite(speed) && speed > 0) return speed;
  throw new UsageError(`expected a number such as 2x for --speed, or 0 for all at once, not "${written}"`);
}

const ROWS = 20;

function rowsOf(written: string | undefined): number {
  if (written === undefined) return ROWS;
  const rows = Number(written);
  if (Number.isSafeInteger(rows) && rows >= 0 && written !== '') return rows;
  throw new UsageError(`expected a number of rows for --rows, not "${written}"`);
}

function findRecording(directory: string, prefix: string): Recording {
  if (prefix.length < PREFIX_MIN) throw new UsageError(`"${prefix}" is too short to tell a session by`);
  const found = [...recordsBySession(recordsIn(directory), prefix)];
  const [first] = found;
  if (first === undefined)
    throw new UsageError(`no session in ${directory} has an id that begins with "${prefix}"`);
  const exact = found.find(([id]) => id === prefix);
  if (found.length > 1 && exact === undefined) {
    const ids = found.slice(0, 5).map(([id]) => id);
    throw new UsageError(
      `"${prefix}" could be ${found.length} sessions: ${ids.join(', ')}${found.length > 5 ? ' …' : ''}`,
    );
  }
  const [id, records] = exact ?? first;
  const isMcp = records.some(({ via }) => via === 'mcp');
  return recordingOf(id, records, isMcp ? sqlBehind(recordsIn(directory), id) : new Map());
}

async function show(recording: Recording, speed: number | null, rowsMax: number, io: Io): Promise<void> {
  const style = styleFor(io.isTerminal);
  const { session, statements } = recording;
  io.out(headText(session, style));
  let shownMs = 0;
  for (const statement of statements) {
    if (speed !== null)
      await delay(Math.min(Math.max(0, statement.offsetMs - shownMs) / speed, PAUSE_MS_MAX));
    shownMs = statement.offsetMs;
    io.out(statementText(statement, rowsMax, style));
  }
  if (speed !== null) await delay(Math.min(Math.max(0, session.ms - shownMs) / speed, PAUSE_MS_MAX));
  io.out(tailText(session, style));
}
