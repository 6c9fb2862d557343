/** Where attacks are tried: one Postgres with the shop and its secrets, one Sluice per policy, and what must hold. */
import { Client } from 'pg';
import { type EmbeddedMajor, type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { bind, describe, execute, parse, query, sync } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { errorAmong, rowsOf, WireClient, type WireMessage } from '../support/wire-client.ts';
import { type Attack, bypassFile, type Corpus, type Step } from './corpus.ts';

export type Wire = 'query' | 'extended';

export class Arena {
  readonly major: EmbeddedMajor;
  readonly postgres: PostgresServer;
  readonly direct: Client;
  readonly #sluices = new Map<string, Sluice>();
  #before = '';

  private constructor(major: EmbeddedMajor, postgres: PostgresServer, direct: Client) {
    this.major = major;
    this.postgres = postgres;
    this.direct = direct;
  }

  static async open(major: EmbeddedMajor = 18): Promise<Arena> {
    const postgres = await startPostgres({ major });
    try {
      await createShop(postgres.url);
      const direct = new Client({ connectionString: postgres.url('shop') });
      await direct.connect();
      await direct.query(bypassFile('setup.sql'));
      const arena = new Arena(major, postgres, direct);
      arena.#before = await arena.state();
      return arena;
    } catch (error) {
      await postgres.stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const sluice of this.#sluices.values()) await sluice.stop();
    await this.direct.end();
    await this.postgres.stop();
  }

  async sluice(policy: string): Promise<Sluice> {
    const known = this.#sluices.get(policy);
    if (known !== undefined) return known;
    const sluice = await startSluice({
      upstream: this.postgres.url('shop'),
      policy: bypassFile(`policies/${policy}.yaml`),
    });
    this.#sluices.set(policy, sluice);
    return sluice;
  }

  /** Everything that no attack may change, in one word. */
  async state(): Promise<string> {
    const { rows } = await this.direct.query(STATE);
    return JSON.stringify(rows[0]);
  }

  /** What has changed since the last attack that must not; does away with what attacks may leave behind. */
  async changes(): Promise<readonly string[]> {
    const now = await this.state();
    const before = this.#before;
    this.#before = now;
    const { rows } = await this.direct.query(LEFT_BEHIND);
    if (rows[0]?.left) await this.direct.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    return now === before ? [] : [`the database has changed:\n    ${before}\n    ${now}`];
  }
}

const STATE = `
  SELECT (SELECT md5(string_agg(name || value, ',' ORDER BY name)) FROM shop.secrets) AS secrets,
         (SELECT count(*) || ' ' || sum(total) || ' ' || md5(string_agg(coalesce(note, '-'), ',' ORDER BY id)) FROM shop.orders) AS orders,
         (SELECT count(*) || ' ' || md5(string_agg(ssn || email, ',' ORDER BY id)) FROM shop.customers) AS customers,
         (SELECT count(*) FROM shop.payments) AS payments, (SELECT count(*) FROM shop.events) AS events,
         (SELECT count(*) FROM shop.daily_sales) AS sales, (SELECT count(*) FROM shop.audit) AS audit,
         (SELECT count(*) FROM shop.order_items) AS items, (SELECT count(*) FROM shop.outbox) AS outbox,
         (SELECT md5(string_agg(concat(c.relname, c.relkind, c.relowner, c.relacl, c.relnatts, c.relrowsecurity), ',' ORDER BY c.oid))
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname !~ '^(public|pg_|information_schema)') AS relations,
         (SELECT md5(string_agg(concat(p.proname, p.prosrc, p.proconfig, p.proowner), ',' ORDER BY p.oid)) FROM pg_proc p
            JOIN pg_namespace n ON n.oid = p.pronamespace WHERE nspname <> 'public' AND nspname !~ '^pg_temp') AS functions,
         (SELECT md5(string_agg(concat(rolname, rolsuper), ',' ORDER BY rolname)) FROM pg_authid) AS roles,
         (SELECT count(*) FROM pg_db_role_setting) AS settings, (SELECT md5(string_agg(nspname::text, ',' ORDER BY oid))
            FROM pg_namespace WHERE nspname <> 'public' AND nspname !~ '^pg_t') AS schemas,
         (SELECT count(*) FROM pg_description WHERE objoid >= 16384) AS comments, (SELECT count(*) FROM pg_seclabel) AS labels,
         (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_replication_slots) AS replication,
         (SELECT count(*) FROM pg_extension) + (SELECT count(*) FROM pg_language) + (SELECT count(*) FROM pg_event_trigger) AS extensions,
         (SELECT count(*) FROM pg_foreign_server) + (SELECT count(*) FROM pg_tablespace) + (SELECT count(*) FROM pg_largeobject_metadata) AS outside,
         (SELECT md5(string_agg(concat(tgrelid, tgenabled), ',' ORDER BY oid)) FROM pg_trigger) AS triggers,
         (SELECT count(*) FROM pg_prepared_xacts) AS prepared`;

const LEFT_BEHIND = `
  SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace)
      OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
      OR EXISTS (SELECT FROM pg_type WHERE typnamespace = 'public'::regnamespace)
      OR EXISTS (SELECT FROM pg_operator WHERE oprnamespace = 'public'::regnamespace)
      OR EXISTS (SELECT FROM pg_ts_dict WHERE dictnamespace = 'public'::regnamespace) AS left`;

/** The secret word as it is, and as an attacker may dress it to get it past. */
export function guises(secret: string): readonly Buffer[] {
  const bytes = Buffer.from(secret);
  const middle = (text: string) => text.slice(2, -2);
  return [
    bytes,
    Buffer.from([...secret].reverse().join('')),
    Buffer.from(bytes.toString('hex')),
    Buffer.from(bytes.toString('hex').toUpperCase()),
    Buffer.from(secret.toLowerCase()),
    ...[0, 1, 2].map((offset) =>
      Buffer.from(
        middle(
          Buffer.concat([Buffer.alloc(offset, 0x20), bytes])
            .toString('base64')
            .replaceAll('=', '')
            .slice(offset),
        ),
      ),
    ),
  ];
}

/** What an answer tells that it must not, in words; null for nothing. */
export function toldSecret(messages: readonly WireMessage[], secret: string, sent: Buffer): string | null {
  for (const { tag, body } of messages) {
    for (const guise of guises(secret)) {
      // An error that quotes the attacker's own words tells nothing.
      if (sent.includes(guise) || !body.includes(guise)) continue;
      return `a secret came out in ${tag}: ${body.toString('latin1').slice(0, 300)}`;
    }
  }
  return null;
}

export function send(client: WireClient, wire: Wire, text: Buffer): Promise<WireMessage[]> {
  if (wire === 'query') return client.ask(query(text));
  return client.ask(parse('', text), bind('', ''), describe('P', ''), execute(), sync());
}

/** What is wrong with the answer to one step; null for nothing. */
function wrongWith(
  step: Step,
  answer: readonly WireMessage[],
  wire: Wire,
  secret: string,
  major: EmbeddedMajor,
): string | null {
  if (answer.at(-1)?.tag !== 'Z') return 'the session has ended';
  const told = toldSecret(answer, secret, step.text);
  if (told !== null) return told;
  const error = errorAmong(answer);
  const came = error === null ? 'no error' : `${error['C']} ${error['M']}`;
  if (step.wanted === 'safe') return null;
  if (step.wanted === 'pass') return error === null ? null : came;
  // A prepared statement takes one command only, so a batch is refused for that first; older servers lack some syntax.
  if ((wire === 'extended' || major < 18) && error?.['C'] === '42601') return null;
  const rule = /^denied by rule "([^"]+)"/.exec(error?.['M'] ?? '')?.[1];
  if (error?.['C'] !== '42501' || rule === undefined) return came;
  return step.rule === null || step.rule === rule ? null : came;
}

/** Tries one attack in a session of its own; gives everything that is wrong with how it went. */
export async function tryAttack(arena: Arena, corpus: Corpus, attack: Attack, wire: Wire): Promise<string[]> {
  const sluice = await arena.sluice(corpus.policy);
  const client = await WireClient.connect(sluice.port);
  const problems: string[] = [];
  try {
    for (const step of attack.steps) {
      const wrong = wrongWith(step, await send(client, wire, step.text), wire, corpus.secret, arena.major);
      if (wrong === null) continue;
      problems.push(`${step.at}: ${step.wanted} ${step.text.toString('utf8')}\n    by ${wire}: ${wrong}`);
      if (client.closed) return problems;
    }
    problems.push(...(await notGoingOn(client)));
  } finally {
    client.end();
  }
  problems.push(...(await arena.changes()));
  return problems;
}

/** The next statement works, and the transaction state is told truly. */
export async function notGoingOn(client: WireClient): Promise<readonly string[]> {
  const ended = await client.ask(query('ROLLBACK'));
  const status = ended.at(-1)?.body.toString();
  if (status !== 'I') return [`the transaction status after ROLLBACK is ${status}`];
  const next = rowsOf(await client.ask(query('SELECT 6 * 7')));
  return next[0]?.[0] === '42' ? [] : [`the next statement gives ${JSON.stringify(next)}`];
}
