/** Statements of Sluice's own, whose answers the client does not see. */
import { COMMAND } from './commands.ts';
import { commandPacket, plainOk } from './encode.ts';
import { enterDatabase } from './entering.ts';
import { BLOCK, type Link } from './link.ts';
import type { OwnQuestion } from './replies.ts';
import { preparation } from './session-track.ts';

/** It has no result, and leaves everything as it is but a cancel that is still on its way. */
const ABSORB = 'DO 0';

/** MariaDB forgets the warnings of earlier statements with one that uses a table. */
const FORGET_WARNINGS = 'DO (SELECT 1 FROM information_schema.CHARACTER_SETS LIMIT 0)';

/** Sends the next question, if there is one. To be called where nothing is under way. */
export function askNext(link: Link): void {
  while (link.reply === null && link.blocks === 0) {
    const question = link.questions[0];
    if (question === undefined) return;
    const packet = packetFor(link, question);
    if (packet === 'later') {
      link.block(BLOCK.answer);
      return;
    }
    link.questions.shift();
    if (packet === null) continue;
    link.expect({ of: 'own', question, turn: link.turn }, 0);
    link.engine.upstream.stage(packet, 0, packet.length);
  }
}

/** Null: there is nothing to ask. Throws where a newcomer may not enter its database. */
function packetFor(link: Link, question: OwnQuestion): Buffer | 'later' | null {
  const { newcomer } = link;
  switch (question) {
    case 'prepare':
      return commandPacket(
        COMMAND.Query,
        preparation(link.flavour, link.collation, newcomer !== null, link.results, link.gate.pausesResults),
      );
    case 'absorb':
      return commandPacket(COMMAND.Query, ABSORB);
    case 'forget-warnings':
      return commandPacket(COMMAND.Query, FORGET_WARNINGS);
    case 'reset':
      return commandPacket(COMMAND.ResetConnection, '');
    case 'enter':
      if (newcomer === null || newcomer.database === null) return null;
      if (!enterDatabase(link, newcomer.database)) return 'later';
      return commandPacket(COMMAND.InitDb, newcomer.database);
    case 'welcome':
      if (newcomer !== null) link.toClient(plainOk(link.plainStatus, link.capabilities, newcomer.sequence));
      link.newcomer = null;
      return null;
  }
}
