/** Reviews of what MCP servers offer. */
import { z } from 'zod';
import {
  type PinInfo,
  pinAcceptedSchema,
  pinAcceptSchema,
  pinDetailSchema,
  pinForgetSchema,
  pinForgottenSchema,
  pinListSchema,
} from './pin-wire.ts';
import { Refusal } from './refusal.ts';
import { type Route, reading, writing } from './route.ts';

const nothing = z.strictObject({});
const UNRECORDED = 'The journal cannot be written, and without a record nothing is done.';
const UNKNOWN = 'There is no such definition; it may have been forgotten meanwhile.';
const ANOTHER = 'Another definition waits now, or none: look at it again.';

export const PIN_ROUTES: readonly Route[] = [
  reading({
    path: '/api/v1/pins',
    role: 'viewer',
    summary: 'what MCP servers offer: definitions that are held for a review, and those that stand',
    query: nothing,
    answer: pinListSchema,
    run: async (_asked, _caller, { pins }) => ({ pins: await pins.list() }),
  }),
  reading({
    path: '/api/v1/pins/{id}',
    role: 'viewer',
    summary: 'one of them, with what is different between what stands and what waits',
    query: nothing,
    answer: pinDetailSchema,
    run: async ({ id }, _caller, { pins }) => {
      const detail = await pins.get(id);
      if (detail === null) throw new Refusal(404, UNKNOWN);
      return detail;
    },
  }),
  writing({
    path: '/api/v1/pins/{id}/accept',
    role: 'admin',
    summary: 'what waits stands from now on; it has to be the definition that is named by its hash',
    body: pinAcceptSchema,
    answer: pinAcceptedSchema,
    run: async ({ id, body }, { principal }, { pins, record }) => {
      const detail = await pins.get(id);
      if (detail === null) throw new Refusal(404, UNKNOWN);
      const { pending, reason } = body;
      if (detail.pin.pending !== pending) throw new Refusal(409, ANOTHER);
      const details = { target: targetOf(detail.pin), definition: pending, reason };
      if (!record(principal.name, 'accept-definition', details)) throw new Refusal(503, UNRECORDED);
      if (await pins.accept(id, pending, principal.name)) return { accepted: pending };
      throw new Refusal(409, ANOTHER);
    },
  }),
  writing({
    path: '/api/v1/pins/{id}/forget',
    role: 'admin',
    summary: 'what is seen next counts as seen for the first time',
    body: pinForgetSchema,
    answer: pinForgottenSchema,
    run: async ({ id, body }, { principal }, { pins, record }) => {
      const detail = await pins.get(id);
      if (detail === null) throw new Refusal(404, UNKNOWN);
      const details = { target: targetOf(detail.pin), reason: body.reason };
      if (!record(principal.name, 'forget-definition', details)) throw new Refusal(503, UNRECORDED);
      if (await pins.forget(id)) return { forgotten: id };
      throw new Refusal(404, UNKNOWN);
    },
  }),
];

function targetOf({ kind, name, listener }: PinInfo): string {
  return `${kind} ${JSON.stringify(name)} of ${listener}`;
}
