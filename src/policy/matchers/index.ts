/** Every key that `when:` takes, in the order of the docs. A new one is a file and a line here. */
import { callArguments } from './arguments.ts';
import { at } from './at.ts';
import { batch } from './batch.ts';
import { body } from './body.ts';
import { calls } from './calls.ts';
import { clients } from './clients.ts';
import { columns } from './columns.ts';
import { effects } from './effects.ts';
import { functions } from './functions.ts';
import { groups } from './groups.ts';
import { headers } from './headers.ts';
import { listeners } from './listeners.ts';
import { methods } from './methods.ts';
import { paths } from './paths.ts';
import { prompts } from './prompts.ts';
import { resources } from './resources.ts';
import { settings } from './settings.ts';
import { statements } from './statements.ts';
import { tables } from './tables.ts';
import { tools } from './tools.ts';
import { unbounded } from './unbounded.ts';
import { unfiltered } from './unfiltered.ts';
import { users } from './users.ts';

export const MATCHERS = {
  statements,
  effects,
  tables,
  columns,
  functions,
  settings,
  unbounded,
  unfiltered,
  batch,
  methods,
  paths,
  headers,
  body,
  calls,
  tools,
  resources,
  prompts,
  arguments: callArguments,
  users,
  groups,
  listeners,
  clients,
  at,
} as const;
