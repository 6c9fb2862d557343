/**
 * Closed segments in S3-compatible storage: put under a signature (AWS Signature Version 4), with the checksum that the
 * store holds them against, never over another object, and looked at again afterwards.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, openAsBlob } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface ObjectStoreSettings {
  /** Such as `https://s3.eu-central-1.amazonaws.com`; the bucket goes into the path. */
  readonly endpoint: string;
  readonly bucket: string;
  /** In front of each name, such as `journals/instance-1/`. */
  readonly prefix: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken: string | null;
}

export interface StoredObject {
  readonly bytes: number;
  /** SHA-256 in base64; null where the store keeps none. */
  readonly sha256: string | null;
}

type SignedFetch = (url: string, init: RequestInit) => Promise<Response>;

/** Attempts of one request, where the store is busy or fails, in growing distance. */
const RETRIES = 3;
const REQUEST_MS_MAX = 5 * 60_000;
const NAMES_MAX = 1_000_000;

export class ObjectStore {
  readonly #settings: ObjectStoreSettings;
  #fetch: Promise<SignedFetch> | null = null;

  constructor(settings: ObjectStoreSettings) {
    this.#settings = settings;
  }

  /** For people: `s3://bucket/prefix/name`. */
  nameOf(name: string): string {
    const { bucket, prefix } = this.#settings;
    return `s3://${bucket}/${prefix}${name}`;
  }

  /**
   * Puts a file there; gives its SHA-256 in base64. Throws where something else has that name, or what the store has
   * afterwards is not what was sent.
   */
  async put(name: string, path: string): Promise<string> {
    const { hex, base64 } = await sha256Of(path);
    const body = await openAsBlob(path);
    const response = await this.#request('PUT', this.#urlOf(name), {
      body,
      headers: {
        'content-type': 'application/jsonl',
        'x-amz-content-sha256': hex,
        'x-amz-checksum-sha256': base64,
        'if-none-match': '*',
      },
    });
    if (!response.ok && response.status !== 412) throw await failureOf(response, `PUT ${this.nameOf(name)}`);
    await response.body?.cancel();
    const stored = await this.look(name);
    if (stored === null) throw new Error(`${this.nameOf(name)} is not there after it was put`);
    const isOther = stored.bytes !== body.size || (stored.sha256 !== null && stored.sha256 !== base64);
    if (isOther) throw new Error(`${this.nameOf(name)} is another object than what was put there`);
    if (response.status === 412 && stored.sha256 === null && (await this.#digestOf(name)) !== base64)
      throw new Error(`${this.nameOf(name)} is another object than what was to be put there`);
    return base64;
  }

  /** Null: there is no such object. */
  async look(name: string): Promise<StoredObject | null> {
    const response = await this.#request('HEAD', this.#urlOf(name), {
      headers: { 'x-amz-checksum-mode': 'ENABLED' },
    });
    if (response.status === 404) return null;
    if (!response.ok) throw await failureOf(response, `HEAD ${this.nameOf(name)}`);
    return {
      bytes: Number(response.headers.get('content-length')),
      sha256: response.headers.get('x-amz-checksum-sha256'),
    };
  }

  /** The names of the objects under the prefix, without it. */
  async names(): Promise<readonly string[]> {
    const { prefix, endpoint, bucket } = this.#settings;
    const names: string[] = [];
    for (let token: string | null = ''; token !== null && names.length < NAMES_MAX; ) {
      const query = new URLSearchParams({ 'list-type': '2', prefix });
      if (token !== '') query.set('continuation-token', token);
      const response = await this.#request('GET', `${endpoint.replace(/\/$/, '')}/${bucket}?${query}`, {});
      if (!response.ok) throw await failureOf(response, `listing s3://${bucket}/${prefix}`);
      const page = await response.text();
      for (const [, key] of page.matchAll(/<Key>([^<]*)<\/Key>/g))
        names.push(unescaped(key ?? '').slice(prefix.length));
      token = /<NextContinuationToken>([^<]+)</.exec(page)?.[1] ?? null;
    }
    return names;
  }

  /** Fetches an object into a file. */
  async get(name: string, path: string): Promise<void> {
    const response = await this.#request('GET', this.#urlOf(name), {});
    if (!response.ok || response.body === null) throw await failureOf(response, `GET ${this.nameOf(name)}`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(path, { mode: 0o600 }));
  }

  async #digestOf(name: string): Promise<string> {
    const response = await this.#request('GET', this.#urlOf(name), {});
    if (!response.ok || response.body === null) throw await failureOf(response, `GET ${this.nameOf(name)}`);
    const hash = createHash('sha256');
    for await (const chunk of Readable.fromWeb(response.body)) hash.update(chunk);
    return hash.digest('base64');
  }

  #urlOf(name: string): string {
    const { endpoint, bucket, prefix } = this.#settings;
    const path = [bucket, ...`${prefix}${name}`.split('/')].map(encodeURIComponent).join('/');
    return `${endpoint.replace(/\/$/, '')}/${path}`;
  }

  async #request(method: string, url: string, init: RequestInit): Promise<Response> {
    this.#fetch ??= this.#signedFetch();
    const signed = await this.#fetch;
    return await signed(url, {
      ...init,
      method,
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
      redirect: 'error',
    });
  }

  /** The library is loaded where it is needed only. */
  async #signedFetch(): Promise<SignedFetch> {
    const { AwsClient } = await import('aws4fetch');
    const { accessKey, secretKey, sessionToken, region } = this.#settings;
    const client = new AwsClient({
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      ...(sessionToken === null ? {} : { sessionToken }),
      service: 's3',
      region,
      retries: RETRIES,
    });
    return (url, init) => client.fetch(url, init);
  }
}

async function failureOf(response: Response, what: string): Promise<Error> {
  const text = await response.text().catch(() => '');
  const why = /<Message>([^<]*)</.exec(text)?.[1] ?? /<Code>([^<]*)</.exec(text)?.[1] ?? response.statusText;
  return new Error(`${what}: ${response.status} ${unescaped(why)}`);
}

async function sha256Of(path: string): Promise<{ hex: string; base64: string }> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  const digest = hash.digest();
  return { hex: digest.toString('hex'), base64: digest.toString('base64') };
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescaped(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? '');
}
