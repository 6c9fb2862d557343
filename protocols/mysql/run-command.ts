/** A statement that was admitted goes to the server, or is Sluice's own to carry out. */
import { native, type Outcome } from '../sql/refusals.ts';
import { denialError } from './deny.ts';
import { plainOk } from './encode.ts';
import type { Link } from './link.ts';
import { resultsOf } from './plan.ts';
import type { Command } from './refusals.ts';
import type { Run } from './replies.ts';
import { finish } from './run-ends.ts';
import type { Prepared } from './statements.ts';

export function run(
  link: Link,
  command: Command,
  runs: readonly Run[],
  binary: boolean,
  cursor: Prepared | null,
): Outcome {
  const [first] = runs;
  const act = first?.facts?.act;
  if (first !== undefined && act?.act === 'kill') return kill(link, command, first, act.id, act.query);
  for (const { facts } of runs)
    if (facts !== null && facts.makesTemporary.length > 0) link.rememberTemporary(facts.makesTemporary);
  link.expect(resultsOf(link, runs, binary, cursor, false), command.last);
  return 'pass';
}

/** The id is one of Sluice's own, which mean nothing to the server. */
function kill(link: Link, command: Command, killing: Run, id: number, query: boolean): Outcome {
  const done = link.engine.killSession(id, query ? 'query' : 'session') === 'done';
  finish(link, killing, done ? 'KILL' : null, done ? null : 'HY000');
  if (done) link.toClient(plainOk(link.plainStatus, link.capabilities, (command.last + 1) & 0xff));
  else link.refuse(denialError(native('HY094', `Unknown thread id: ${id}`)), command.last);
  return 'drop';
}
