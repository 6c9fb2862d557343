/** Access that is given for a while, or taken away. */
import { z } from 'zod';
import {
  credentialListSchema,
  liftedSchema,
  liftSchema,
  mintedSchema,
  mintSchema,
  revocationListSchema,
  revokedSchema,
  revokeSchema,
} from './access-wire.ts';
import { Refusal } from './refusal.ts';
import { type Route, reading, writing } from './route.ts';

const nothing = z.strictObject({});
const UNRECORDED = 'The journal cannot be written, and without a record nothing is done.';

export const ACCESS_ROUTES: readonly Route[] = [
  reading({
    path: '/api/v1/revocations',
    role: 'viewer',
    summary: 'who and what has no access now',
    query: nothing,
    answer: revocationListSchema,
    run: async (_asked, _caller, { access }) => ({ revocations: await access.revocations() }),
  }),
  writing({
    path: '/api/v1/revocations',
    role: 'admin',
    summary:
      'takes access away: open sessions end within a second on every instance, and no login comes in their place',
    body: revokeSchema,
    answer: revokedSchema,
    run: async ({ body }, { principal }, { access, record }) => {
      const { kind, subject, reason, seconds } = body;
      if (seconds !== null && kind !== 'principal')
        throw new Refusal(400, 'seconds goes with kind principal.');
      if (!record(principal.name, 'revoke', { target: `${kind} ${subject}`, reason }))
        throw new Refusal(503, UNRECORDED);
      await access.revoke(body, principal.name);
      return { revoked: subject };
    },
  }),
  writing({
    path: '/api/v1/revocations/lift',
    role: 'admin',
    summary: 'gives access back',
    body: liftSchema,
    answer: liftedSchema,
    run: async ({ body }, { principal }, { access, record }) => {
      const { kind, subject, reason } = body;
      if (!record(principal.name, 'lift', { target: `${kind} ${subject}`, reason }))
        throw new Refusal(503, UNRECORDED);
      if (await access.lift(body, principal.name)) return { lifted: subject };
      throw new Refusal(404, `${kind} "${subject}" is not revoked.`);
    },
  }),
  reading({
    path: '/api/v1/credentials',
    role: 'viewer',
    summary: 'session credentials that are open; what they are is not told',
    query: nothing,
    answer: credentialListSchema,
    run: async (_asked, _caller, { access }) => ({ credentials: await access.credentials() }),
  }),
  writing({
    path: '/api/v1/credentials',
    role: 'admin',
    summary: 'makes a session credential; `token` is told this once',
    body: mintSchema,
    answer: mintedSchema,
    run: async ({ body }, { principal }, { access, record }) => {
      if (!record(principal.name, 'mint', { target: `principal ${body.principal}` }))
        throw new Refusal(503, UNRECORDED);
      return access.mint(body, principal.name);
    },
  }),
];
