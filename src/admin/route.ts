/** One table of routes: requests are checked, answered and documented from the same entries. */
import type { z } from 'zod';
import type { Identity, Principal } from '../core/principal.ts';
import type { AdminPorts } from './ports.ts';
import { Refusal } from './refusal.ts';
import type { Role } from './wire.ts';

/** Who asks, as far as a handler may know. */
export interface Caller {
  readonly identity: Identity;
  readonly principal: Principal;
  readonly role: Role;
  readonly csrf: string | null;
}

export interface RawRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** Of what a route takes and gives, for the OpenAPI document. */
export interface RouteShape {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI writes it: `/api/v1/sessions/{id}`. */
  readonly path: string;
  readonly role: Role;
  readonly summary: string;
  readonly query: z.ZodObject | null;
  readonly body: z.ZodObject | null;
  readonly answer: z.ZodType;
}

export interface Route extends RouteShape {
  handle(raw: RawRequest, caller: Caller, ports: AdminPorts): Promise<unknown>;
}

interface Common {
  readonly path: string;
  readonly role: Role;
  readonly summary: string;
  readonly answer: z.ZodType;
}

const ID = /^[A-Za-z0-9-]{1,64}$/;

/** For routes that take a query, and no body. */
export function reading<Q extends z.ZodObject>(
  shape: Common & {
    readonly query: Q;
    run(
      asked: { readonly id: string; readonly query: z.output<Q> },
      caller: Caller,
      ports: AdminPorts,
    ): Promise<unknown>;
  },
): Route {
  const { run, query, ...rest } = shape;
  return {
    ...rest,
    method: 'GET',
    query,
    body: null,
    handle: async (raw, caller, ports) =>
      run({ id: idOf(raw), query: checked(query, raw.query) }, caller, ports),
  };
}

/** For routes that change something, or take more than a query holds. */
export function writing<B extends z.ZodObject>(
  shape: Common & {
    readonly body: B;
    run(
      asked: { readonly id: string; readonly body: z.output<B> },
      caller: Caller,
      ports: AdminPorts,
    ): Promise<unknown>;
  },
): Route {
  const { run, body, ...rest } = shape;
  return {
    ...rest,
    method: 'POST',
    query: null,
    body,
    handle: async (raw, caller, ports) =>
      run({ id: idOf(raw), body: checked(body, raw.body ?? {}) }, caller, ports),
  };
}

function idOf({ params }: RawRequest): string {
  if (typeof params !== 'object' || params === null || !('id' in params)) return '';
  const { id } = params;
  if (typeof id !== 'string' || !ID.test(id)) throw new Refusal(404, 'There is nothing by this id.');
  return id;
}

export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new Refusal(400, `${where}${issue?.message ?? 'is not as expected'}. See /api/openapi.json.`);
}
