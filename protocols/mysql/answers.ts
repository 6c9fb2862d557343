/** OK, EOF and ERR packets of the server's: what they say, and what the client gets in their place. */
import { CAPABILITY, STATUS } from './capabilities.ts';
import { type Eof, type Ok, readEof, readOk } from './decode.ts';
import { type ErrFields, eofPacket, errPacket, okPacket } from './encode.ts';
import type { Link } from './link.ts';
import { followState } from './reading.ts';
import type { Reply, Results, Run, Sight } from './replies.ts';
import { unexpected } from './run-ends.ts';
import { okToScrub, warningsTell } from './scrub.ts';

export const OK = 0x00;
export const END = 0xfe;
export const ERR = 0xff;
const NOTHING = Buffer.alloc(0);

export function eofOf(first: number, bytes: Buffer, start: number, end: number, reply: Reply): Eof {
  if (first !== END) throw unexpected(`packet ${first}`, reply);
  return readEof(bytes, start + 1, end);
}

export function okOf(link: Link, bytes: Buffer, start: number, end: number): Ok {
  const ok = readOk(bytes, start + 1, end, link.serverCapabilities);
  const told = followState(link, ok);
  const run = link.currentRun();
  // It may have changed how texts are read, and says nothing of it: then everything is asked for.
  if (!told && run?.facts?.changesReading === true && run.severalResults) link.ask('prepare');
  return ok;
}

/** An OK packet on to the client: in the form that it knows, and without what it may not see. */
export function okSight(
  link: Link,
  results: Results | null,
  run: Run | null,
  ok: Ok,
  endsResult: boolean,
): Sight {
  if (results !== null && results.over !== null) return 'drop';
  const { capabilities } = link;
  const tracks = (capabilities & CAPABILITY.SESSION_TRACK) !== 0;
  const scrubs = run === null ? null : okToScrub(ok, run, endsResult);
  const warned = run !== null && warningsTell(run, ok.warnings);
  const counts = scrubs?.affected ?? null;
  // ROW_COUNT() tells of the statement before.
  if (warned || counts !== null) link.ask('forget-warnings');
  const hides = scrubs !== null && (scrubs.info || scrubs.insertId || counts !== null || warned);
  if (!hides && (tracks || (ok.info.length === 0 && (ok.status & STATUS.SESSION_STATE_CHANGED) === 0)))
    return 'pass';
  const packet = okPacket(
    {
      affected: counts ?? ok.affected,
      insertId: scrubs?.insertId === true ? 0 : ok.insertId,
      status: tracks ? ok.status : ok.status & ~STATUS.SESSION_STATE_CHANGED,
      warnings: warned ? 0 : ok.warnings,
      info: scrubs?.info === true ? NOTHING : ok.info,
      sessionState: tracks && ok.sessionState.length > 0 ? ok.sessionState : null,
      endsResult,
    },
    capabilities,
    sequenceOf(link),
  );
  link.toClient(packet);
  return 'drop';
}

/** An EOF packet on to the client: without a number of warnings that tells of masked values. */
export function eofSight(link: Link, run: Run, eof: Eof): Sight {
  if (!warningsTell(run, eof.warnings)) return 'pass';
  link.ask('forget-warnings');
  link.toClient(eofPacket(eof.status, 0, sequenceOf(link)));
  return 'drop';
}

export function told(link: Link, replacement: ErrFields | null): Sight {
  if (replacement === null) return 'pass';
  link.toClient(errPacket(replacement, sequenceOf(link)));
  return 'drop';
}

/** Of the packet at hand, as the client counts. */
function sequenceOf(link: Link): number {
  return (link.server.sequence + link.shift) & 0xff;
}
