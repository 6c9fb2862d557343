/**
 * An S3 server as strict as the real one where it matters here: signatures are computed anew from what arrived (AWS
 * Signature Version 4), checksums are held against the bytes, and nothing is overwritten where that was asked for.
 */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export const S3_KEYS = { access: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const SKEW_MS_MAX = 15 * 60_000;

export interface S3 {
  readonly url: string;
  /** By bucket and key: `journal/one/journal-000001.jsonl`. */
  readonly objects: Map<string, Buffer>;
  /** What was asked: `PUT journal/one/…`. */
  readonly requests: string[];
  /** So many requests are answered with 503. */
  failing: number;
  close(): Promise<void>;
}

export async function startS3(): Promise<S3> {
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) if (chunk instanceof Buffer) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const url = new URL(request.url ?? '/', 'http://s3');
      const key = decodeURIComponent(url.pathname.slice(1));
      requests.push(`${request.method} ${key}`);
      const answer = s3.failing > 0 ? { status: 503, code: 'SlowDown' } : refusalOf(request, url, body);
      if (s3.failing > 0) s3.failing--;
      const fail = ({ status, code }: { status: number; code: string }) => {
        response.writeHead(status, { 'content-type': 'application/xml' });
        response.end(
          request.method === 'HEAD'
            ? undefined
            : `<Error><Code>${code}</Code><Message>${code}</Message></Error>`,
        );
      };
      if (answer !== null) return fail(answer);
      const known = objects.get(key);
      if (request.method === 'PUT') {
        if (request.headers['if-none-match'] === '*' && known !== undefined)
          return fail({ status: 412, code: 'PreconditionFailed' });
        objects.set(key, body);
        response.end();
        return;
      }
      if (url.searchParams.get('list-type') === '2') {
        const prefix = `${key}/${url.searchParams.get('prefix') ?? ''}`;
        const keys = [...objects.keys()].filter((one) => one.startsWith(prefix)).sort();
        response.end(
          `<ListBucketResult>${keys.map((one) => `<Contents><Key>${one.slice(key.length + 1)}</Key></Contents>`).join('')}</ListBucketResult>`,
        );
        return;
      }
      if (known === undefined) return fail({ status: 404, code: 'NoSuchKey' });
      const checksum = createHash('sha256').update(known).digest('base64');
      response.writeHead(200, { 'content-length': known.length, 'x-amz-checksum-sha256': checksum });
      response.end(request.method === 'HEAD' ? undefined : known);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const s3: S3 = {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    objects,
    requests,
    failing: 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return s3;
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Why a request is refused; null where it is as it should be. */
function refusalOf(
  request: IncomingMessage,
  url: URL,
  body: Buffer,
): { status: number; code: string } | null {
  const header = (name: string) => String(request.headers[name] ?? '');
  const parsed =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      header('authorization'),
    );
  if (parsed === null) return { status: 403, code: 'AccessDenied' };
  const [, access = '', day = '', region = '', signedNames = '', signature = ''] = parsed;
  if (access !== S3_KEYS.access) return { status: 403, code: 'InvalidAccessKeyId' };
  const date = header('x-amz-date');
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(Date.now() - at) < SKEW_MS_MAX) || !date.startsWith(day))
    return { status: 403, code: 'RequestTimeTooSkewed' };
  const names = signedNames.split(';');
  const unsigned = Object.keys(request.headers).filter(
    (name) => name.startsWith('x-amz-') && !names.includes(name),
  );
  if (!names.includes('host') || unsigned.length > 0) return { status: 403, code: 'AccessDenied' };
  const payload = header('x-amz-content-sha256');
  const digest = createHash('sha256').update(body);
  if (request.method === 'PUT' && payload !== digest.copy().digest('hex'))
    return { status: 400, code: 'XAmzContentSHA256Mismatch' };
  const checksum = header('x-amz-checksum-sha256');
  if (checksum !== '' && checksum !== digest.digest('base64')) return { status: 400, code: 'BadDigest' };
  const query = [...url.searchParams]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join('&');
  const canonical = [
    request.method,
    url.pathname,
    query,
    ...names.map((name) => `${name}:${header(name).trim()}`),
    '',
    signedNames,
    payload,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  const hmac = (key: string | Buffer, value: string) => createHmac('sha256', key).update(value).digest();
  const signing = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${S3_KEYS.secret}`);
  return hmac(signing, text).toString('hex') === signature
    ? null
    : { status: 403, code: 'SignatureDoesNotMatch' };
}
