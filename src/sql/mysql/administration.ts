/** Statements that administrate the server, its accounts and replication, and those that maintain tables. */
import { type Effect, effectSet } from '../../core/effects.ts';
import type { Analysis } from './analysis.ts';
import type { Statement } from './ast.ts';
import { mentionAll } from './mention.ts';
import { useRelation } from './relations.ts';
import { wholeOf } from './scope.ts';
import { DESCRIBING, NO_ACT, plain, type StatementResult } from './statement.ts';

/** What they do beside administrating, by the first words of their kind. */
const BESIDES: readonly (readonly [kind: RegExp, effects: readonly Effect[]])[] = [
  [/^DROP/, ['destroy']],
  [/^(?:PURGE|RESET|UNINSTALL)/, ['destroy']],
  [/^(?:INSTALL|UNINSTALL|IMPORT|LOAD)/, ['file']],
  [/^(?:CREATE|ALTER|DROP) SERVER/, ['network']],
  [/^(?:CHANGE|START|CLONE)/, ['network']],
  [/^CLONE/, ['destroy', 'file']],
  [/^BINLOG/, ['dynamic', 'write']],
];

export function administration(
  a: Analysis,
  statement: Extract<Statement, { is: 'administration' }>,
): StatementResult {
  const { kind, tables, files } = statement;
  if (kind === 'HELP') {
    a.addEffects('read');
    return { kind, act: NO_ACT, ...DESCRIBING };
  }
  a.addEffects('admin');
  for (const [words, effects] of BESIDES) if (words.test(kind)) a.addEffects(...effects);
  if (files) a.addEffects('file');
  mentionAll(a, tables, effectSet('admin'));
  // Who may see which table decides on what names stand for, and what views show.
  if (/^(?:GRANT|REVOKE|SET ROLE)/.test(kind)) a.changesReading = true;
  return plain(kind);
}

/** They return a row or two for each table, of its state. */
export function maintenance(
  a: Analysis,
  { kind, tables }: Extract<Statement, { is: 'maintenance' }>,
): StatementResult {
  const admin = effectSet('admin');
  a.effects |= admin;
  // A checksum is the same for the same values.
  if (kind.startsWith('CHECKSUM')) {
    for (const table of tables)
      a.uses.addColumns(wholeOf(useRelation(a, table, admin)), 'filter', 'anything');
  } else mentionAll(a, tables, admin);
  return { kind, act: NO_ACT, ...DESCRIBING };
}
