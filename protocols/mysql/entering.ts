/** A client that names another database at its login enters it as by USE. */
import { ProxyError } from '../../src/core/errors.ts';
import { entry } from '../sql/refusals.ts';
import type { Link } from './link.ts';

/** False where the answer is still to come. Throws where it may not. */
export function enterDatabase(link: Link, database: string): boolean {
  const { gate } = link;
  const text = useText(database);
  const answer = gate.judge(text, 0, text.length);
  switch (answer.outcome) {
    case 'pending':
      return false;
    case 'failed':
      throw answer.error;
    case 'denied':
      gate.refuse(answer.denial, answer.journalMembers, entry('startup', text));
      throw new ProxyError('wrong-database', { detail: answer.denial.message });
    case 'clear': {
      const held = answer.statements.find(({ decision }) => decision.verdict === 'approve');
      if (held !== undefined) {
        const denial = gate.denialOf(held.decision, held.facts);
        gate.refuse(denial, answer.journalMembers, entry('startup', text));
        throw new ProxyError('wrong-database', {
          detail: `${denial.message}: entering it takes an approval`,
        });
      }
      const number = gate.admit(answer, entry('startup', text));
      gate.finish(number, { tag: 'USE', sqlstate: null, rows: 0, bytes: 0, ms: 0, cutBy: null });
      return true;
    }
  }
}

export function useText(database: string): Buffer {
  return Buffer.from(`USE \`${database.replaceAll('`', '``')}\``);
}
