/** The OpenAPI 3.1 document, from the table of routes. */
import { z } from 'zod';
import type { RouteShape } from './route.ts';
import { ROUTES } from './routes.ts';
import { loginSchema, meSchema, problemSchema, type Role, whoSchema } from './wire.ts';

const WHO: Omit<RouteShape, 'role'> = {
  method: 'GET',
  path: '/api/v1/login',
  summary: 'who is logged in; null for nobody',
  query: null,
  body: null,
  answer: whoSchema,
};
const LOGIN: Omit<RouteShape, 'role'> = {
  method: 'POST',
  path: '/api/v1/login',
  summary: 'logs in with name and password; sets the cookie',
  query: null,
  body: loginSchema,
  answer: meSchema,
};
const LOGOUT: Omit<RouteShape, 'role'> = {
  method: 'POST',
  path: '/api/v1/logout',
  summary: 'ends the login',
  query: null,
  body: null,
  answer: z.object({}),
};

export function openApiDocument(version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  const add = (route: Omit<RouteShape, 'role'>, role: Role | null) => {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route, role) };
  };
  add(WHO, null);
  add(LOGIN, null);
  add(LOGOUT, null);
  for (const route of ROUTES) add(route, route.role);
  return {
    openapi: '3.1.0',
    info: { title: 'Sluice', version, description: 'Sessions, recordings, approvals and policy of Sluice.' },
    paths,
    components: {
      securitySchemes: {
        cookie: { type: 'apiKey', in: 'cookie', name: 'sluice' },
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        csrf: { type: 'apiKey', in: 'header', name: 'X-CSRF-Token' },
      },
    },
  };
}

function operationOf(route: Omit<RouteShape, 'role'>, role: string | null): unknown {
  const { path, summary, query, body, answer, method } = route;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: z.toJSONSchema(schema, { io: 'input' }),
  }));
  const json = (schema: z.ZodType, io: 'input' | 'output') => ({
    'application/json': { schema: z.toJSONSchema(schema, { io }) },
  });
  return {
    summary: role === null ? summary : `${summary} (${role})`,
    ...(role === null
      ? {}
      : { security: [method === 'GET' ? { cookie: [] } : { cookie: [], csrf: [] }, { bearer: [] }] }),
    parameters: [...inPath, ...inQuery],
    ...(body === null ? {} : { requestBody: { required: true, content: json(body, 'input') } }),
    responses: {
      200: { description: 'as asked', content: json(answer, 'output') },
      default: {
        description: 'what is wrong and what to do about it (RFC 9457)',
        content: { 'application/problem+json': { schema: z.toJSONSchema(problemSchema) } },
      },
    },
  };
}
