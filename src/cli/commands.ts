/** Every command, in the order of the overview. */
import { alerts } from './alerts.ts';
import { approvals } from './approvals.ts';
import { budgets } from './budgets.ts';
import { check } from './check.ts';
import { classify } from './classify.ts';
import type { Command } from './command.ts';
import { demo } from './demo.ts';
import { explain } from './explain.ts';
import { exportJournal } from './export.ts';
import { login } from './login.ts';
import { mcp } from './mcp.ts';
import { password } from './password.ts';
import { pins } from './pins.ts';
import { quarantine } from './quarantine.ts';
import { replay } from './replay.ts';
import { revoke } from './revoke.ts';
import { run } from './run.ts';
import { schema } from './schema.ts';
import { sessions } from './sessions.ts';
import { stdio } from './stdio.ts';
import { testPolicies } from './test-policies.ts';
import { token } from './token.ts';
import { tryPolicy } from './try.ts';
import { verify } from './verify.ts';

export const COMMANDS: readonly Command[] = [
  run,
  stdio,
  demo,
  check,
  explain,
  testPolicies,
  tryPolicy,
  classify,
  approvals,
  budgets,
  alerts,
  quarantine,
  pins,
  login,
  token,
  revoke,
  sessions,
  replay,
  verify,
  exportJournal,
  mcp,
  password,
  schema,
];
