/** What a session that is being served does now, for those who watch it. */
import type { SessionActivity } from '../../src/core/session.ts';
import { sentBy } from '../sql/run.ts';
import { BLOCK, type Link } from './link.ts';
import { STATUS_IDLE } from './messages.ts';

export function activityOf(link: Link): SessionActivity {
  const held = (link.blocks & BLOCK.answer) !== 0 || link.awaitsPeople;
  const idle = link.replies.size === 0 && !link.unsynced && link.status === STATUS_IDLE;
  return { phase: held ? 'held' : idle ? 'idle' : 'busy', ...sentBy(link, link.currentRun()) };
}
