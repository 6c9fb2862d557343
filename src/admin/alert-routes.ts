/** What can be asked of alerts, budgets and quarantines. */
import { z } from 'zod';
import {
  alertListSchema,
  alertQuerySchema,
  budgetListSchema,
  quarantineListSchema,
  releasedSchema,
  releaseSchema,
} from './alert-wire.ts';
import { Refusal } from './refusal.ts';
import { type Route, reading, writing } from './route.ts';

const nothing = z.strictObject({});

export const ALERT_ROUTES: readonly Route[] = [
  reading({
    path: '/api/v1/alerts',
    role: 'viewer',
    summary: 'alerts that were raised, newest first',
    query: alertQuerySchema,
    answer: alertListSchema,
    run: async ({ query }, _caller, { alerts }) => ({ alerts: await alerts.list(query.limit) }),
  }),
  reading({
    path: '/api/v1/budgets',
    role: 'viewer',
    summary: 'what counts against each budget, the fullest first',
    query: nothing,
    answer: budgetListSchema,
    run: async (_asked, _caller, { alerts }) => ({ budgets: await alerts.budgets() }),
  }),
  reading({
    path: '/api/v1/quarantine',
    role: 'viewer',
    summary: 'principals that an alert keeps out',
    query: nothing,
    answer: quarantineListSchema,
    run: async (_asked, _caller, { alerts }) => ({ quarantined: await alerts.quarantined() }),
  }),
  writing({
    path: '/api/v1/quarantine/release',
    role: 'admin',
    summary: 'lets a principal in again',
    body: releaseSchema,
    answer: releasedSchema,
    run: async ({ body }, { principal }, { alerts, record }) => {
      const target = body.principal;
      if (!record(principal.name, 'release', { target, reason: body.reason }))
        throw new Refusal(503, 'The journal cannot be written, and without a record nobody is released.');
      if (await alerts.release(target, principal.name, body.reason)) return { released: target };
      throw new Refusal(404, `"${target}" is not in quarantine.`);
    },
  }),
];
