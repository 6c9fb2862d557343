/** Tools about what waits for people, and what has been counted and raised. */
import { z } from 'zod';
import { alertInfo, budgetInfo, quarantineListSchema } from '../alert-wire.ts';
import { Refusal } from '../refusal.ts';
import { APPROVAL_STATES, approvalInfo } from '../wire.ts';
import { fitting, pageOf } from './pages.ts';
import { type Tool, tool } from './tool.ts';

const after = z.string().min(1).max(200).optional().describe('what "next" of the page before said');
const limit = z.number().int().min(1).max(100).default(25);
const next = z.string().nullable().describe('give it as "after" for the next page; null: there is none');
/** As many of each as are looked through. */
const LISTED_MAX = 500;

export const STATE_TOOLS: readonly Tool[] = [
  tool({
    name: 'list_approvals',
    title: 'Requests for approval',
    description:
      'Requests for approval, newest first: who asks, for what, by which rule, who may decide and who has. People decide in the console or with "sluice approvals": no tool here can.',
    input: z.strictObject({ state: z.enum([...APPROVAL_STATES, 'all']).default('pending'), after, limit }),
    output: z.object({
      approvals: z
        .array(approvalInfo.omit({ shown: true }))
        .readonly()
        .describe('get_approval has all that a yes covers'),
      next,
    }),
    run: async ({ state, ...page }, { approvals }) => {
      const all = await approvals.list({ state: state === 'all' ? null : state, limit: LISTED_MAX });
      const found = pageOf(
        all.map(({ shown: _, ...rest }) => rest),
        page,
        ({ id }) => id,
      );
      return { approvals: found.items, next: found.next };
    },
  }),
  tool({
    name: 'get_approval',
    title: 'One request for approval',
    description:
      'One request with all that a yes would cover: the statement with its parameters, or the tool call, its limits and masks, the votes so far.',
    input: z.strictObject({ id: z.string().min(1).max(64) }),
    output: z.object({ approval: approvalInfo }),
    run: async ({ id }, { approvals }) => {
      const approval = await approvals.get(id);
      if (approval === null) throw new Refusal(404, `There is no request "${id}".`);
      return { approval };
    },
  }),
  tool({
    name: 'list_alerts',
    title: 'Alerts',
    description:
      'Alerts that were raised, newest first: bursts, first uses of masked tables, canaries, drift.',
    input: z.strictObject({ after, limit }),
    output: z.object({ alerts: z.array(alertInfo).readonly(), next }),
    run: async (page, { alerts }) => {
      const found = pageOf(await alerts.list(LISTED_MAX), page, ({ id }) => id);
      return { alerts: found.items, next: found.next };
    },
  }),
  tool({
    name: 'list_budgets',
    title: 'Budgets',
    description: 'What counts against each budget of the policy within its window, the fullest first.',
    input: z.strictObject({ after, limit }),
    output: z.object({ budgets: z.array(budgetInfo).readonly(), next }),
    run: async (page, { alerts }) => {
      const found = pageOf(
        await alerts.budgets(),
        page,
        ({ rule, subject, unit }) => `${rule} ${subject} ${unit}`,
      );
      return { budgets: found.items, next: found.next };
    },
  }),
  tool({
    name: 'list_quarantined',
    title: 'Principals in quarantine',
    description:
      'Principals that an alert keeps out, why and until when. "sluice quarantine" lets them in again.',
    input: z.strictObject({}),
    output: quarantineListSchema,
    run: async (_given, { alerts }) => ({ quarantined: fitting(await alerts.quarantined()) }),
  }),
];
