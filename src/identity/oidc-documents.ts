/**
 * Documents that are fetched from an issuer: small JSON objects, over HTTPS, within a few seconds, from exactly the
 * address that was asked for. Nothing of a document is believed that is not checked here.
 */
import type { JSONWebKeySet, JWK } from 'jose';
import { z } from 'zod';
import { discoveryUrl, isSafeUrl } from '../core/oidc.ts';

const FETCH_MS = 5_000;
const DOCUMENT_BYTES_MAX = 512 * 1024;
const KEYS_MAX = 100;

/** What an issuer answered, or that it did not: in words for the log, without anything that was sent to it. */
export class IssuerError extends Error {
  override readonly name = 'IssuerError';
}

const url = z.string().refine((written) => isSafeUrl(written), { error: 'expected an https URL' });

const metadataSchema = z.object({
  issuer: z.string(),
  jwks_uri: url,
  authorization_endpoint: url.optional(),
  token_endpoint: url.optional(),
  device_authorization_endpoint: url.optional(),
});

/** OpenID Connect Discovery 1.0, section 3, as far as it is used. */
export type IssuerMetadata = z.output<typeof metadataSchema>;

const keySchema = z.object({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  kid: z.string().optional(),
  use: z.string().optional(),
  alg: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
  n: z.string().optional(),
  e: z.string().optional(),
  crv: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
});
const keysSchema = z.object({ keys: z.array(z.unknown()).max(KEYS_MAX) });

/** Throws IssuerError. */
export async function fetchMetadata(issuer: string): Promise<IssuerMetadata> {
  return metadataIn(await fetchJson(discoveryUrl(issuer), { method: 'GET' }), issuer);
}

/** A discovery document, held against the issuer that it is to be of. Throws IssuerError. */
export function metadataIn(document: unknown, issuer: string): IssuerMetadata {
  const parsed = metadataSchema.safeParse(document);
  if (!parsed.success)
    throw new IssuerError('its discovery document lacks what is needed, or has no https URL');
  const { issuer: named, ...endpoints } = parsed.data;
  // Exactly, not nearly: another issuer of the same host is another issuer (section 4.3).
  if (named !== issuer) throw new IssuerError(`it says that it is ${JSON.stringify(named.slice(0, 200))}`);
  // Only an issuer on this machine has any business with plain HTTP on this machine.
  const isPlain = (url: string | undefined) => url !== undefined && new URL(url).protocol !== 'https:';
  if (new URL(issuer).protocol === 'https:' && Object.values(endpoints).some(isPlain))
    throw new IssuerError('its discovery document leads from https to http');
  return parsed.data;
}

/** Keys by which signatures can be checked; those of kinds that are not used here are left out. Throws IssuerError. */
export async function fetchKeys(uri: string): Promise<JSONWebKeySet> {
  const parsed = keysSchema.safeParse(await fetchJson(uri, { method: 'GET' }));
  if (!parsed.success) throw new IssuerError('its keys are no set of JSON Web Keys');
  const keys = parsed.data.keys.filter(isAsymmetric);
  if (keys.length === 0) throw new IssuerError('it has no key by which a signature could be checked');
  return { keys };
}

function isAsymmetric(key: unknown): key is JWK {
  return keySchema.safeParse(key).success;
}

/** A form sent to an issuer, and its answer whatever the status says. Throws IssuerError. */
export function postForm(uri: string, form: URLSearchParams, authorization: string | null): Promise<unknown> {
  return fetchJson(uri, {
    method: 'POST',
    body: form,
    ...(authorization === null ? {} : { headers: { authorization } }),
  });
}

async function fetchJson(uri: string, init: RequestInit): Promise<unknown> {
  try {
    const response = await fetch(uri, {
      ...init,
      headers: { accept: 'application/json', ...init.headers },
      // A redirect could lead to where no https is, or inside.
      redirect: 'error',
      signal: AbortSignal.timeout(FETCH_MS),
    });
    const text = await limitedText(response);
    if (!response.ok && init.method === 'GET')
      throw new IssuerError(`it answered with status ${response.status}`);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof IssuerError) throw error;
    throw new IssuerError(reasonOf(error), { cause: error });
  }
}

async function limitedText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > DOCUMENT_BYTES_MAX) throw new IssuerError('it answered with more than 512 KiB');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it could not be asked';
  if (error.name === 'TimeoutError') return `it did not answer within ${FETCH_MS / 1000} s`;
  if (error instanceof SyntaxError) return 'its answer is not JSON';
  return error.cause instanceof Error ? error.cause.message : error.message;
}
