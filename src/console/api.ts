/** Requests to the API of this very server. */
import type { Problem } from '../admin/wire.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly title: string;

  constructor({ status, title, detail }: Problem) {
    super(detail);
    this.status = status;
    this.title = title;
  }
}

let csrf = '';
let onLoggedOut: () => void = () => {};

export function setCsrf(token: string | null): void {
  csrf = token ?? '';
}

/** Called when the server says that nobody is logged in any more. */
export function whenLoggedOut(run: () => void): void {
  onLoggedOut = run;
}

export async function get<Answer>(
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  return ask<Answer>(`/api/v1/${path}${search}`, { method: 'GET' });
}

export async function post<Answer>(path: string, body: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'x-csrf-token': csrf };
  return ask<Answer>(`/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function ask<Answer>(url: string, init: RequestInit): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, credentials: 'same-origin' });
  } catch {
    throw new ApiError({
      type: 'about:blank',
      status: 0,
      title: 'Sluice does not answer',
      detail: 'It may be restarting, or the network is gone. The page tries again by itself.',
    });
  }
  if (response.ok) return response.json();
  const problem: Problem = await response.json().catch(() => ({
    type: 'about:blank',
    status: response.status,
    title: 'That did not work',
    detail: `The server answered ${response.status}.`,
  }));
  if (response.status === 401 && url !== '/api/v1/login') onLoggedOut();
  throw new ApiError(problem);
}

export function errorText(error: unknown): string {
  if (error instanceof ApiError) return `${error.title}. ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
