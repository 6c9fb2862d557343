/**
 * What the server counts: how many bytes it has sent, or holds in memory, follows from the values of results, before
 * anything of them is masked. SHOW STATUS reads them as SELECT from the table of the same does.
 */
import { effectSet } from '../../core/effects.ts';
import { NOWHERE, type Origins } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import type { Statement } from './ast.ts';
import { own } from './relations.ts';
import { column, type Shape } from './scope.ts';

type Show = Extract<Statement, { is: 'show' }>;

const READ = effectSet('read');

const STATUS = { schema: 'information_schema', name: 'SESSION_STATUS' };

/** Who is connected, by what protection, and what kinds of statements there were. */
const OTHERWISE_KNOWN =
  /^(?:ssl|tls|threads|uptime|com|connections|wsrep|binlog.?.?snapshot|rpl|aborted|open)/i;

/** The columns of SHOW STATUS and SHOW … STATISTICS; null where what is shown counts nothing that a value decides on. */
export function counters(a: Analysis, what: string, { like }: Show): Shape | null {
  if (what === 'STATUS') {
    if (like !== null) a.lookAt(like.at);
    if (like !== null && OTHERWISE_KNOWN.test(like.text)) return null;
    const value = own(STATUS, 'VARIABLE_VALUE');
    read(a, STATUS, value);
    return {
      columns: [column('Variable_name', NOWHERE), column('Value', value)],
      open: false,
      rest: NOWHERE,
    };
  }
  if (what !== 'USER_STATISTICS' && what !== 'CLIENT_STATISTICS') return null;
  const relation = { schema: 'information_schema', name: what };
  const sent = own(relation, 'BYTES_SENT');
  read(a, relation, sent);
  return { columns: [], open: true, rest: sent };
}

function read(a: Analysis, relation: typeof STATUS, origins: Origins): void {
  a.uses.addRelation(relation, READ, 'direct', true);
  a.uses.addColumns(origins, 'output');
}
