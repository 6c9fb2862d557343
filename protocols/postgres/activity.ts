/** What a session that is being served does now, for those who watch it. */
import type { SessionActivity } from '../../src/core/session.ts';
import { BLOCK, type Link } from './link.ts';
import { STATUS_IDLE } from './messages.ts';

export function activityOf(link: Link): SessionActivity {
  const run = link.currentRun();
  const rows = link.rowsSent + (run === null ? 0 : run.counted.rows - run.rowsBefore);
  const bytes = link.bytesSent + (run === null ? 0 : run.counted.bytes - run.bytesBefore);
  const held = (link.blocks & BLOCK.answer) !== 0 || link.awaitsPeople;
  const idle = link.replies.size === 0 && !link.unsynced && link.status === STATUS_IDLE;
  return { phase: held ? 'held' : idle ? 'idle' : 'busy', rows, bytes };
}
