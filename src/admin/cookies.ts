import type { FastifyRequest } from 'fastify';

/** Empty where there is none of that name. */
export function cookieOf({ headers }: FastifyRequest, wanted: string): string {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === wanted && value !== undefined) return value;
  }
  return '';
}
