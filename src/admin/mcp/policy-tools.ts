/** Tools about the policy: what it is, what it says, what another one would say. */

import { z } from 'zod';
import { dryRunOutcomeSchema, dryRunSchema } from '../dry-run-wire.ts';
import { policySchema, trialSchema, triedSchema } from '../policy-wire.ts';
import { type Tool, tool } from './tool.ts';

export const POLICY_TOOLS: readonly Tool[] = [
  tool({
    name: 'get_policy',
    title: 'The policy in force',
    description:
      'The rules of the policy in force in the order in which they are asked, the masks, and the names of listeners and users that other tools take.',
    input: z.strictObject({}),
    output: policySchema,
    run: async (_given, { policy }) => policy.current(),
  }),
  tool({
    name: 'explain_statement',
    title: 'What the policy says of a statement, a request or a call',
    description:
      'Says what Sluice sees in an SQL statement or batch (kind, effects, tables, columns, functions, whether its rows are bounded) and what the policy says of it, by which rule and why. Give "sql" for a listener of postgres or mysql, "request" for one of http, "call" for one of mcp (a tool, prompt or resource; SQL in its arguments is explained as well, and "masks" say what is masked in the answer); get_policy has the protocol of each listener. Nothing is run and no server sees it. With "policy" (the text of a policy file) it is judged by that policy instead of the one in force.',
    input: trialSchema,
    output: triedSchema,
    run: async (given, { policy }) => policy.try(given),
  }),
  tool({
    name: 'dry_run_policy',
    title: 'What another policy would have said of recorded statements and requests',
    description:
      'Judges statements, requests and calls of recorded sessions again, by the policy file whose text is given, and lists what would come out otherwise than it did: what would be denied, held or cut, and what would pass. The newest sessions that match are taken. Nothing is run, and the policy in force stays.',
    input: dryRunSchema,
    output: dryRunOutcomeSchema,
    run: async (given, { policy }) => policy.dryRun(given),
  }),
];
