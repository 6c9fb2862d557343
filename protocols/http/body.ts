/** What a body is, by its header fields: how it can be read, and how it is packed. */
import { remembered } from '../../src/core/remembered.ts';

/** `other`: of a type in which nothing can be looked for. `none`: there is no body. */
export type BodyKind = 'none' | 'json' | 'ndjson' | 'csv' | 'sse' | 'text' | 'other';

/** Content codings (RFC 9110, 8.4.1; RFC 8878) that Sluice can take off. */
export const CODINGS = ['gzip', 'deflate', 'br', 'zstd'] as const;
export type Coding = (typeof CODINGS)[number];

const JSON_TYPE = /^application\/(?:json|[a-z0-9!#$&^_.+-]+\+json)$/;
const LINES_TYPE = /^(?:application|text)\/(?:x-ndjson|ndjson|jsonl|x-jsonl|jsonlines|x-json-stream)$/;
const TEXT_TYPE =
  /^(?:text\/.+|application\/(?:xml|[a-z0-9!#$&^_.+-]+\+xml|javascript|ecmascript|x-javascript|yaml|x-yaml|toml|sql|graphql|x-www-form-urlencoded|x-sh))$/;

/** A media type (RFC 9110, 8.3.1) in small letters, and its charset; null where it is none. */
export function readMediaType(
  value: string,
): { readonly type: string; readonly charset: string | null } | null {
  const match = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(;.*)?$/s.exec(value);
  if (match === null) return null;
  const charsets = [...(match[2] ?? '').matchAll(/;\s*charset\s*=\s*(?:"([^"\\]*)"|([^\s;"]+))/gi)];
  const [first, second] = charsets;
  // Two charsets are as good as none that is known.
  const charset = second === undefined ? (first?.[1] ?? first?.[2] ?? null) : 'unknown';
  return { type: (match[1] ?? '').toLowerCase(), charset: charset?.toLowerCase() ?? null };
}

/** Charsets in which ASCII is ASCII and nothing else looks like it. */
const READABLE_CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);

/** `contentType` null: none was sent. */
export function bodyKindOf(contentType: string | null): BodyKind {
  return contentType === null ? 'other' : kindOf(contentType);
}

const kindOf = remembered((contentType: string): BodyKind => {
  const media = readMediaType(contentType);
  if (media === null) return 'other';
  const { type, charset } = media;
  if (charset !== null && !READABLE_CHARSETS.has(charset)) {
    // ISO-8859-1 is read as far as detectors go: what they look for is ASCII there too.
    if (!TEXT_TYPE.test(type) || !/^(?:iso-8859-\d{1,2}|windows-125\d|latin1)$/.test(charset)) return 'other';
  }
  if (JSON_TYPE.test(type)) return 'json';
  if (LINES_TYPE.test(type)) return 'ndjson';
  if (type === 'text/event-stream') return 'sse';
  if (type === 'text/csv' || type === 'text/tab-separated-values') return 'csv';
  return TEXT_TYPE.test(type) ? 'text' : 'other';
});

/** The codings of a body in the order in which they were applied; null where one is not known. */
export function codingsOf(contentEncoding: string | null): readonly Coding[] | null {
  if (contentEncoding === null) return [];
  const codings: Coding[] = [];
  for (const written of contentEncoding.split(',')) {
    const name = written
      .trim()
      .toLowerCase()
      .replace(/^x-gzip$/, 'gzip');
    if (name === 'identity' || name === '') continue;
    const known = CODINGS.find((coding) => coding === name);
    if (known === undefined || codings.length === CODINGS_MAX) return null;
    codings.push(known);
  }
  return codings;
}

/** More than one around another is how a small body becomes an endless one. */
const CODINGS_MAX = 2;
