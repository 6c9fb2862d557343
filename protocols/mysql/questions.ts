/** Statements of Sluice's own, whose answers the client does not see. */
import { COMMAND } from './commands.ts';
import { commandPacket } from './encode.ts';
import type { Link } from './link.ts';
import { preparation } from './session-track.ts';

/** It has no result, and leaves everything as it is but a cancel that is still on its way. */
const ABSORB = 'DO 0';

/** Sends the next question, if there is one. To be called where nothing is under way. */
export function askNext(link: Link): void {
  const question = link.questions.shift();
  if (question === undefined) return;
  const text = question === 'prepare' ? preparation(link.flavour) : ABSORB;
  const packet = commandPacket(COMMAND.Query, text);
  link.expect({ of: 'own', question, turn: link.turn }, 0);
  link.engine.upstream.stage(packet, 0, packet.length);
}
