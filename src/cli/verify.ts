import { existsSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readTextFile } from '../config/load.ts';
import { type Checkpoint, formatCheckpoint, parseCheckpoint, takeCheckpoint } from '../journal/checkpoint.ts';
import { SigningKey } from '../journal/keys.ts';
import { linesOf } from '../journal/read.ts';
import { objectOf } from '../journal/segments.ts';
import { type JournalProblem, type VerifyReport, verifyJournal } from '../journal/verify.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { type JournalPlace, journalPlace, requireSegments } from './journal-directory.ts';
import { objectStoreOf } from './journal-upkeep.ts';
import { KEY_FILE } from './own-journal.ts';
import { assembleStored } from './stored-journal.ts';
import { type Style, styleFor } from './style.ts';
import { plural, shortTime } from './text-layout.ts';

const HELP = `Usage: sluice verify JOURNAL_DIR [options]
       sluice verify --config FILE [options]

Holds a journal against its hash chain and signatures, and says where it was changed: which segment, line and
record. It may be running: the last segment is then open, and its records not signed yet.

A chain cannot show that its end was cut off, nor that all of it was written anew with another key. For that,
export a checkpoint from time to time, keep it elsewhere, and verify against it.

Options:
  --config FILE              the configuration whose journal is meant (default: sluice.yaml, if no directory is given)
  --s3                       the segments in the object storage of journal.s3 are verified, and those not there yet
  --checkpoint FILE          an earlier checkpoint: its record has to be there, and its key the one that signed
  --key-id ID                the id of the key that has to have signed every segment
  --export-checkpoint FILE   writes a checkpoint of the journal's end, if the journal is intact
  --key FILE                 the key that signs it (default: the configuration's, or signing.key in the directory)
  --json                     { ok, problems, segments, sealed, records, unsealed, removed, keys, last, checkpoint }

Examples:
  sluice verify ./journal
  sluice verify ./journal --checkpoint monday.json --export-checkpoint tuesday.json

Exit codes: 0 intact, 1 not, 2 not verified.
`;

/** A record that is being written while we read looks torn; it is whole when we look again. */
const LOOKS = 5;
const LOOK_AGAIN_MS = 50;

export const verify: Command = {
  name: 'verify',
  summary: 'whether a journal is as it was written',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, {
      texts: ['config', 'checkpoint', 'key-id', 'export-checkpoint', 'key'],
      flags: ['json', 's3'],
    });
    const [named, extra] = parsed.positionals;
    if (extra !== undefined) throw new UsageError(`expected one directory, got "${extra}" as well`);
    const place = journalPlace(named, parsed.text('config'), io.environment);
    const checkpointFile = parsed.text('checkpoint');
    const checkpoint = checkpointFile === undefined ? null : readCheckpoint(checkpointFile);
    const isStored = parsed.flag('s3');
    if (checkpoint === null && !isStored) requireSegments(place);
    const found = isStored ? await lookStored(place, checkpoint) : await look(place.directory, checkpoint);
    const report = withKey(found, parsed.text('key-id'));
    const target = parsed.text('export-checkpoint');
    const isIntact = report.problems.length === 0;
    const exported =
      target === undefined || !isIntact ? null : exportCheckpoint(place, target, parsed.text('key'));
    if (parsed.flag('json')) {
      io.out(`${JSON.stringify(reportJson(place.directory, report, checkpoint, exported), null, 2)}\n`);
    } else {
      const style = styleFor(io.isTerminal);
      io.out(isIntact ? intactText(place.directory, report, checkpoint, style) : damageText(report, style));
      if (exported !== null)
        io.out(`${target}: a checkpoint at record ${exported.n}; keep it away from the journal\n`);
      else if (target !== undefined) io.error('no checkpoint was written, since the journal is not intact\n');
    }
    return isIntact ? EXIT.ok : EXIT.no;
  },
};

function readCheckpoint(file: string): Checkpoint {
  const text = readTextFile(file);
  try {
    return parseCheckpoint(text);
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function look(directory: string, checkpoint: Checkpoint | null): Promise<VerifyReport> {
  const expected = checkpoint === null ? {} : { checkpoint };
  for (let n = 1; ; n++) {
    const report = verifyJournal(directory, expected);
    const isWritten = existsSync(join(directory, 'journal.lock'));
    if (report.problems.length === 0 || !isWritten || n === LOOKS) return report;
    await delay(LOOK_AGAIN_MS);
  }
}

/** The same of the segments in object storage, and behind them those that are only here. */
async function lookStored(
  { directory, loaded }: JournalPlace,
  checkpoint: Checkpoint | null,
): Promise<VerifyReport> {
  const store = loaded === null ? null : objectStoreOf(loaded.config.journal);
  if (store === null)
    throw new UsageError('expected --config FILE of a configuration with journal.s3 beside --s3');
  for (let n = 1; ; n++) {
    const assembled = await assembleStored(store, directory);
    try {
      const report = verifyJournal(assembled.directory, checkpoint === null ? {} : { checkpoint });
      // What was stored and removed while we fetched is there when we fetch again.
      if (report.problems.length === 0 || n === LOOKS)
        return { ...report, problems: report.problems.map((problem) => assembled.located(problem)) };
    } finally {
      assembled.remove();
    }
  }
}

function withKey(report: VerifyReport, id: string | undefined): VerifyReport {
  const others = id === undefined ? [] : report.keyIds.filter((known) => known !== id);
  const found = others.map((other) => ({ where: 'journal', what: `signed by key ${other}, not by ${id}` }));
  return { ...report, problems: [...report.problems, ...found] };
}

function exportCheckpoint(
  { directory, loaded }: JournalPlace,
  file: string,
  named: string | undefined,
): Checkpoint {
  const configured = loaded?.config.journal.key;
  const keyFile =
    named ??
    (configured === undefined ? join(directory, KEY_FILE) : resolve(loaded?.directory ?? '', configured));
  if (!existsSync(keyFile))
    throw new UsageError(`there is no key ${keyFile} to sign a checkpoint with; expected --key FILE`);
  const checkpoint = takeCheckpoint(directory, SigningKey.loadOrCreate(keyFile), new Date());
  if (checkpoint === null) throw new Error('the journal has no record yet');
  writeFileSync(file, formatCheckpoint(checkpoint));
  return checkpoint;
}

interface Located extends JournalProblem {
  readonly segment: string | null;
  readonly line: number | null;
  /** The number of the record that stands there. */
  readonly record: number | null;
}

function located(problem: JournalProblem): Located {
  const match = /^(.*):(\d+)$/.exec(problem.where);
  if (match === null) {
    const isFile = problem.where.endsWith('.jsonl');
    return { ...problem, segment: isFile ? basename(problem.where) : null, line: null, record: null };
  }
  const [, path = '', written] = match;
  const line = Number(written);
  return { ...problem, segment: basename(path), line, record: recordAt(path, line) };
}

function recordAt(path: string, number: number): number | null {
  // What was fetched to be verified is not here any more.
  if (!existsSync(path)) return null;
  for (const line of linesOf(path)) {
    if (line.number < number) continue;
    const n = objectOf(line.text)?.['n'];
    return typeof n === 'number' ? n : null;
  }
  return null;
}

function reportJson(
  directory: string,
  report: VerifyReport,
  checkpoint: Checkpoint | null,
  exported: Checkpoint | null,
): Record<string, unknown> {
  return {
    ok: report.problems.length === 0,
    directory,
    problems: report.problems.map(located),
    segments: report.segments,
    sealed: report.sealed,
    records: report.records,
    unsealed: report.unsealed,
    removed: report.removed,
    keys: report.keyIds,
    last: report.last,
    checkpoint:
      checkpoint === null ? null : { at: checkpoint.at, n: checkpoint.n, key: checkpoint.publicKey.id },
    exported: exported === null ? null : { at: exported.at, n: exported.n, key: exported.publicKey.id },
  };
}

function intactText(
  directory: string,
  report: VerifyReport,
  checkpoint: Checkpoint | null,
  style: Style,
): string {
  const { segments, sealed, records, unsealed, keyIds, last } = report;
  const lines = [
    `${style.green(style.bold('intact'))}  ${directory}: ${plural(records, 'record')} in ${plural(segments, 'segment')}, up to record ${last.n}`,
    sealed === 0
      ? `signed  nothing yet: a segment is when it is closed, by key ${keyIds.join(', ')}`
      : `signed  ${plural(sealed, 'segment')} by key ${keyIds.join(', ')}`,
  ];
  if (report.removed > 0)
    lines.push(`removed ${plural(report.removed, 'segment')} by retention, as signed records say`);
  if (unsealed > 0) {
    lines.push(`open    the last ${plural(unsealed, 'record')}: chained, not signed yet`);
  }
  lines.push(
    checkpoint === null
      ? style.dim(
          'whether its end was cut off shows only against a checkpoint (--checkpoint, --export-checkpoint)',
        )
      : `held    against the checkpoint of ${shortTime(checkpoint.at)} at record ${checkpoint.n}`,
  );
  return `${lines.join('\n')}\n`;
}

function damageText(report: VerifyReport, style: Style): string {
  const lines = report.problems.map(located).map(({ where, what, record }) => {
    const which = record === null ? '' : ` (record ${record})`;
    return `${style.red('damaged')}  ${where}${which}: ${what}`;
  });
  const { records, segments, sealed, keyIds } = report;
  lines.push(
    '',
    style.bold(
      `not intact: ${plural(report.problems.length, 'place')} in ${plural(records, 'record')}, ${plural(segments, 'segment')}, ${sealed} with a valid signature (${keyIds.join(', ') || 'no key'})`,
    ),
  );
  return `${lines.join('\n')}\n`;
}
