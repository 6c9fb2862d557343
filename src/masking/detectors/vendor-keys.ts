import { ALNUM, DASH, DIGIT, DOT, HEX, KIND, PLUS_SLASH, runEnd, UNDERSCORE, UPPER } from './bytes.ts';
import type { Detector } from './detector.ts';

const BASE64URL = ALNUM | DASH | UNDERSCORE;

interface KeyForm {
  readonly prefix: string;
  /** Kinds of bytes behind the prefix. */
  readonly kinds: number;
  readonly min: number;
  readonly max: number;
}

function form(prefix: string, kinds: number, min: number, max = min): KeyForm {
  return { prefix, kinds, min, max };
}

/** No limit: a hit takes the whole run, so that none is read twice. */
const ANY = Number.POSITIVE_INFINITY;

/** Forms of secrets as their vendors document them for secret scanning. Public identifiers are not here. */
const FORMS: readonly KeyForm[] = [
  // Amazon Web Services: access keys, for long and short.
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((prefix) => form(prefix, UPPER | DIGIT, 16)),
  // Google: API keys, OAuth client secrets, access tokens.
  form('AIza', BASE64URL, 35),
  form('GOCSPX-', BASE64URL, 28),
  form('ya29.', BASE64URL, 20, ANY),
  // GitHub and GitLab.
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((prefix) => form(prefix, ALNUM, 36, 255)),
  form('github_pat_', ALNUM | UNDERSCORE, 60, 255),
  form('glpat-', BASE64URL, 20, 64),
  // Slack: tokens and webhook addresses.
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xapp-'].map((prefix) =>
    form(prefix, ALNUM | DASH, 20, ANY),
  ),
  form('hooks.slack.com/services/T', ALNUM | PLUS_SLASH, 30, 90),
  // Stripe, Square, Shopify.
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'].map((prefix) => form(prefix, ALNUM, 16, 255)),
  form('whsec_', ALNUM | PLUS_SLASH, 24, 128),
  form('sq0atp-', BASE64URL, 22),
  form('sq0csp-', BASE64URL, 43),
  ...['shpat_', 'shpss_', 'shpca_', 'shppa_'].map((prefix) => form(prefix, HEX, 32)),
  // Models: Anthropic, OpenAI, OpenRouter, Hugging Face, Groq, Perplexity, xAI, Replicate, NVIDIA.
  form('sk-ant-', BASE64URL, 24, ANY),
  form('sk-proj-', BASE64URL, 40, ANY),
  form('sk-svcacct-', BASE64URL, 40, ANY),
  form('sk-or-v1-', HEX, 64),
  form('sk-', ALNUM, 40, 64),
  form('hf_', ALNUM, 30, 64),
  form('gsk_', ALNUM, 40, 64),
  form('pplx-', ALNUM, 40, 64),
  form('xai-', ALNUM, 64, 128),
  form('r8_', ALNUM, 37, 40),
  form('nvapi-', BASE64URL, 60, 80),
  // Registries and deployment: npm, PyPI, Docker, DigitalOcean, Databricks, Vault, Heroku's peers.
  form('npm_', ALNUM, 36),
  form('pypi-AgE', BASE64URL, 50, ANY),
  form('dckr_pat_', BASE64URL, 27, 36),
  ...['dop_v1_', 'doo_v1_', 'dor_v1_'].map((prefix) => form(prefix, HEX, 64)),
  form('dapi', HEX, 32, 34),
  form('hvs.', BASE64URL, 24, ANY),
  form('sbp_', HEX, 40),
  // Mail, messages, work.
  form('SG.', BASE64URL | DOT, 60, 80),
  form('key-', HEX, 32),
  form('SK', HEX, 32),
  form('ATATT3', BASE64URL, 100, 300),
  form('lin_api_', ALNUM, 40),
  form('ntn_', ALNUM, 40, 64),
  form('figd_', BASE64URL, 40, 64),
  form('glsa_', ALNUM | UNDERSCORE, 41),
  form('PMAK-', HEX | DASH, 59),
];

/** Secrets without a form of their own: the name before them tells. */
const ASSIGNED: readonly KeyForm[] = [
  ...['aws_secret_access_key', 'AWS_SECRET_ACCESS_KEY', 'SecretAccessKey', 'secretAccessKey'].map((prefix) =>
    form(prefix, ALNUM | PLUS_SLASH, 40),
  ),
  form('AccountKey', ALNUM | PLUS_SLASH, 86),
];
/** `=`, `:`, quotes and blanks between a name and its value. */
const ASSIGNMENT_BYTES_MAX = 6;

interface Candidate extends KeyForm {
  readonly bytes: Buffer;
  readonly assigned: boolean;
}

const byPair = new Map<number, Candidate[]>();
for (const [forms, assigned] of [
  [FORMS, false],
  [ASSIGNED, true],
] as const) {
  for (const entry of forms) {
    const bytes = Buffer.from(entry.prefix);
    const pair = bytes.readUInt16BE(0);
    const known = byPair.get(pair) ?? [];
    known.push({ ...entry, bytes, assigned });
    byPair.set(pair, known);
  }
}

/** Keys and tokens of well-known vendors. */
export const vendorKey: Detector = {
  name: 'vendor-key',
  summary: 'keys and tokens of known vendors: AWS, GCP, GitHub, Slack, Stripe, OpenAI, Anthropic and others',
  triggers: ['word'],
  pairs: [...byPair.values()].map((list) => list[0]?.prefix.slice(0, 2) ?? ''),
  label: null,
  find(source, _floor, _start, end, at, _labelled, span) {
    const candidates = byPair.get(((source[at] ?? 0) << 8) | (source[at + 1] ?? 0));
    if (candidates === undefined) return false;
    for (const candidate of candidates) {
      const { bytes, kinds, min, max, assigned } = candidate;
      if (at + bytes.length + min > end || !startsWith(source, at, bytes)) continue;
      const from = assigned ? valueStart(source, at + bytes.length, end) : at + bytes.length;
      const stop = runEnd(source, from, Math.min(end, from + max + 1), kinds);
      if (stop - from < min || stop - from > max) continue;
      if (stop < end && ((KIND[source[stop] ?? 0] ?? 0) & ALNUM) !== 0) continue;
      span.start = assigned ? from : at;
      span.end = stop;
      return true;
    }
    return false;
  },
};

function startsWith(source: Buffer, at: number, prefix: Buffer): boolean {
  for (let i = 2; i < prefix.length; i++) if (source[at + i] !== prefix[i]) return false;
  return true;
}

function valueStart(source: Buffer, at: number, end: number): number {
  const stop = Math.min(end, at + ASSIGNMENT_BYTES_MAX);
  while (
    at < stop &&
    ((KIND[source[at] ?? 0] ?? 0) & ALNUM) === 0 &&
    source[at] !== 0x2f &&
    source[at] !== 0x2b
  )
    at++;
  return at;
}
