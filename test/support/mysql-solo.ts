/** A MySQL session without sockets, in front of a gate that judges by a table: what it sends to either side is kept. */
import { CAPABILITY } from '../../protocols/mysql/capabilities.ts';
import { greetingPacket, loginPacket, okPacket } from '../../protocols/mysql/encode.ts';
import { MysqlSession } from '../../protocols/mysql/index.ts';
import { type Decision, type Denial, NO_LIMIT } from '../../src/core/decision.ts';
import type { ProxyError } from '../../src/core/errors.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type {
  ApprovalAnswer,
  RunResult,
  SpendingPort,
  SqlAnswer,
  SqlGate,
  StatementEntry,
} from '../../src/core/gate.ts';
import { statementNumber } from '../../src/core/ids.ts';
import type { CellMask, MysqlResultField, ResultField, ResultMasking } from '../../src/core/masks.ts';
import { lastingIdentity } from '../../src/core/principal.ts';
import type { EnginePort } from '../../src/core/session.ts';
import { UpstreamPassword } from '../../src/identity/upstream-password.ts';

const FACTS: StatementFacts = {
  kind: 'SELECT',
  kinds: ['SELECT'],
  effects: 1,
  relations: [],
  columns: [],
  textParameters: [],
  functions: [],
  settings: [],
  bound: { kind: 'none' },
  unfiltered: false,
  outputs: null,
  act: { act: 'none' },
  changesReading: false,
  storesUnknown: false,
  comparesUnknown: false,
  unresolved: false,
  makesTemporary: [],
};

/** What is said of a text: denied, or allowed with these facts, at most so many rows or bytes, these cells masked. */
export interface Word {
  readonly deny?: string;
  readonly facts?: Partial<StatementFacts>;
  readonly rows?: number;
  readonly bytes?: number;
  readonly masked?: boolean;
}

export class TableGate implements SqlGate {
  readonly canaries = null;
  readonly spending: SpendingPort = {
    charge: () => ({ answer: 'granted' }),
    spend: () => ({ answer: 'granted' }),
    lift() {},
  };
  stamp = 1;
  canRecord = true;
  readonly hasMasks = false;
  readonly pausesResults = false;
  readonly recordsResponses = false;
  readonly masksColumns = false;
  readonly paths: (readonly string[] | null)[] = [];
  readonly modes: (string | null)[] = [];
  readonly admitted: { via: string; text: string; parameters: readonly (string | null)[] }[] = [];
  readonly refused: string[] = [];
  readonly finished: RunResult[] = [];
  /** Texts whose answer takes a while, once. */
  readonly pending = new Set<string>();
  mask: (fields: readonly MysqlResultField[]) => readonly (CellMask | null)[] = () => [];
  readonly #word: (text: string) => Word | readonly Word[];

  constructor(word: (text: string) => Word | readonly Word[]) {
    this.#word = word;
  }

  judge(bytes: Buffer, start: number, end: number): SqlAnswer {
    const text = bytes.toString('utf8', start, end);
    if (this.pending.delete(text)) return { outcome: 'pending' };
    const said = this.#word(text);
    const words = 'length' in said ? said : [said];
    const denied = words.find(({ deny }) => deny !== undefined);
    if (denied?.deny !== undefined)
      return { outcome: 'denied', denial: denial(denied.deny), journalMembers: '' };
    return {
      outcome: 'clear',
      statements: words.map((word) => ({ facts: { ...FACTS, ...word.facts }, decision: decision(word) })),
      journalMembers: '',
      hidesParameters: false,
    };
  }

  decide(facts: StatementFacts, rowsMax: number | null): Decision {
    const tooMany = facts.bound.kind === 'parameter' && (rowsMax === null || rowsMax > 10);
    return { ...decision({}), verdict: tooMany ? 'deny' : 'allow' };
  }

  recordResponse(): null {
    return null;
  }

  denialOf(): Denial {
    return denial('by parameter');
  }

  admit(_clearance: unknown, entry: StatementEntry) {
    this.admitted.push({
      via: entry.via,
      text: entry.text.toString(),
      parameters: entry.parameters.map(({ bytes }) => bytes?.toString('latin1') ?? null),
    });
    return statementNumber(this.admitted.length);
  }

  refuse(refused: Denial): void {
    this.refused.push(refused.message);
  }

  finish(_number: unknown, result: RunResult): void {
    this.finished.push(result);
  }

  maskResult(_duties: unknown, fields: readonly ResultField[]): ResultMasking | null {
    const cells = this.mask(fields.flatMap((field) => (field.dialect === 'mysql' ? [field] : [])));
    return { cells, openLane: null, goesToWorkers: () => false };
  }

  maskCopy() {
    return null;
  }

  approve(): ApprovalAnswer {
    return { answer: 'granted', approvals: [] };
  }

  approveResult(): ApprovalAnswer {
    return { answer: 'granted', approvals: [] };
  }

  withdraw(): void {}

  setPath(path: readonly string[] | null): void {
    this.paths.push(path);
  }

  setMode(mode: string | null): void {
    this.modes.push(mode);
  }

  setTemporary(): void {}
  setUncommitted(): void {}
  definitionsChanged(): void {}
  definitionsAbandoned(): void {}
}

function denial(message: string): Denial {
  return { sqlstate: '42501', message, detail: null, hint: null, position: null, rule: 'r', native: false };
}

function decision({ rows, bytes, masked }: Word): Decision {
  const limit = {
    ...NO_LIMIT,
    rows: rows ?? null,
    rowsRule: 'few',
    bytes: bytes ?? null,
    bytesRule: 'small',
  };
  const masks = {
    outputs: null,
    unknown: null,
    detected: [],
    touched: ['s.person.ssn'],
    texts: [],
    assigned: false,
  };
  return {
    verdict: 'allow',
    rule: null,
    message: null,
    rules: [],
    observed: [],
    obligations: {
      limit,
      limits: [],
      approvals: [],
      budgets: [],
      rates: [],
      masks: masked === true ? masks : null,
      record: 'unsaid',
    },
    policyVersion: '',
  };
}

export const C = CAPABILITY;
const BASE = C.PROTOCOL_41 | C.SECURE_CONNECTION | C.PLUGIN_AUTH;
const SERVER = 0xffffffff & ~C.SSL;

const STATE = [
  ['sql_mode', ''],
  ['character_set_client', 'utf8mb4'],
  ['character_set_results', 'utf8mb4'],
  ['session_track_system_variables', 'sql_mode'],
] as const;

/** Session state: a variable has been set. */
export function variable([name, value]: readonly [string, string]): Buffer {
  const data = Buffer.concat([text(name), text(value)]);
  return Buffer.concat([Buffer.from([0, data.length]), data]);
}

export class Solo {
  readonly gate: TableGate;
  readonly session: MysqlSession;
  readonly sentToClient: Buffer[] = [];
  readonly sentToServer: Buffer[] = [];
  cancels = 0;
  turn = 1;
  ended: ProxyError | null | undefined;
  killed: readonly unknown[] = [];

  /** `flags` are the client's beside those that every client has. */
  constructor(gate: TableGate, flags: number = C.DEPRECATE_EOF | C.SESSION_TRACK) {
    this.gate = gate;
    this.session = new MysqlSession(this.#engine(), {
      tls: 'off',
      databases: ['shop'],
      flavour: 'mysql',
      multiStatements: true,
      serverVersion: () => null,
      handshakeTimeoutMs: 1e9,
      statementTimeoutMs: 0,
      idleTimeoutMs: 0,
      messageBytesMax: 64 * 1024 * 1024,
      namesMax: 100,
    });
    this.session.downstreamConnected();
    const login = { collation: 45, user: 'agent', answer: Buffer.alloc(0), database: null };
    this.client(loginPacket({ ...login, capabilities: BASE | flags, plugin: 'mysql_native_password' }, 1));
    this.server(
      greetingPacket({
        version: '8.4.0',
        connectionId: 9,
        nonce: Buffer.alloc(20, 1),
        capabilities: SERVER,
        collation: 45,
        status: 2,
        plugin: 'mysql_native_password',
      }),
    );
    this.server(ok(2));
    this.server(ok(1, 2, { state: Buffer.concat(STATE.map(variable)) }));
    if (this.ended !== undefined) throw this.ended ?? new Error('the session has ended');
    this.take();
  }

  client(bytes: Buffer, size = bytes.length): void {
    this.#chunks(bytes, size, (chunk) => this.session.fromDownstream(chunk, 0, chunk.length));
  }

  server(bytes: Buffer, size = bytes.length): void {
    this.#chunks(bytes, size, (chunk) => this.session.fromUpstream(chunk, 0, chunk.length));
  }

  #chunks(bytes: Buffer, size: number, feed: (chunk: Buffer) => void): void {
    for (let at = 0; at < bytes.length; at += size) {
      const chunk = Buffer.from(bytes.subarray(at, at + size));
      feed(chunk);
      // A chunk is its socket's: nothing may be read of it afterwards.
      chunk.fill(0xee);
    }
  }

  /** What was sent since the last time. */
  take(): { readonly client: Buffer; readonly server: Buffer } {
    return {
      client: Buffer.concat(this.sentToClient.splice(0)),
      server: Buffer.concat(this.sentToServer.splice(0)),
    };
  }

  #engine(): EnginePort {
    const copy = (bytes: Buffer, start: number, end: number) => Buffer.from(bytes.subarray(start, end));
    const toServer = (bytes: Buffer, start: number, end: number) => {
      this.sentToServer.push(copy(bytes, start, end));
    };
    const solo = this;
    return {
      identity: {
        login: (name) => ({ plan: 'trust', identity: lastingIdentity({ name, groups: [] }, 'trust') }),
        mysqlLogin: (name) => ({ plan: 'trust', identity: lastingIdentity({ name, groups: [] }, 'trust') }),
        mysqlNonce: () => Buffer.alloc(20, 1),
      },
      downstream: {
        congested: false,
        send: (bytes, start, end) => void this.sentToClient.push(copy(bytes, start, end)),
        pause() {},
        resume() {},
        startTls() {},
        end() {},
      },
      upstream: {
        get turn() {
          return solo.turn;
        },
        connect() {},
        startTls() {},
        send: toServer,
        stage: toServer,
        pause() {},
        resume() {},
        cancel: () => void this.cancels++,
        end() {},
      },
      now: () => 0,
      authenticated: () => ({
        admission: 'admitted',
        gate: this.gate,
        account: {
          user: 'root',
          database: 'shop',
          tls: 'disable',
          options: new Map(),
          credential: new UpstreamPassword('root', null),
        },
      }),
      upstreamReady() {},
      cancelKey: () => ({ processId: 7, secret: Buffer.alloc(0) }),
      cancelSession() {},
      killSession: (id, what) => {
        this.killed = [id, what];
        return id === 7 ? 'done' : 'unknown';
      },
      hold: () => true,
      release() {},
      closed: (error) => {
        this.ended = error;
      },
    };
  }
}

/** As servers send it, to a Sluice that tracks sessions. */
export function ok(
  sequence: number,
  status = 2,
  more: { readonly state?: Buffer; readonly end?: boolean } = {},
): Buffer {
  return okPacket(
    {
      affected: 0,
      insertId: 0,
      status: status | (more.state === undefined ? 0 : 1 << 14),
      warnings: 0,
      info: Buffer.alloc(0),
      sessionState: more.state ?? null,
      endsResult: more.end ?? false,
    },
    C.SESSION_TRACK,
    sequence,
  );
}

/** A packet of a payload in pieces: bytes, text, or numbers that are bytes. */
export function packet(sequence: number, ...parts: readonly (number | string | Buffer)[]): Buffer {
  const payload = Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part))),
  );
  const header = Buffer.from([
    payload.length & 0xff,
    (payload.length >> 8) & 0xff,
    payload.length >> 16,
    sequence & 0xff,
  ]);
  return Buffer.concat([header, payload]);
}

export function query(text: string): Buffer {
  return packet(0, 0x03, text);
}

/** A length-encoded string of fewer than 251 bytes. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

export function column(sequence: number, name: string, type = 0xfd): Buffer {
  const fixed = Buffer.from([0x0c, 45, 0, 200, 0, 0, 0, type, 0, 0, 0, 0, 0]);
  const names = ['def', 's', 't', 'person', name, name].map(text);
  return packet(sequence, ...names, fixed);
}

export function eof(sequence: number, status = 2): Buffer {
  return packet(sequence, 0xfe, 0, 0, status & 0xff, status >> 8);
}

/** A result of text columns from the sequence id `from` on, ended as `deprecated` says. */
export function result(
  names: readonly string[],
  rows: readonly (readonly (string | null)[])[],
  options: { readonly deprecated?: boolean; readonly from?: number; readonly status?: number } = {},
): Buffer {
  const deprecated = options.deprecated ?? true;
  let n = options.from ?? 1;
  const packets = [packet(n++, names.length), ...names.map((name) => column(n++, name))];
  if (!deprecated) packets.push(eof(n++, options.status));
  for (const row of rows)
    packets.push(packet(n++, ...row.map((cell) => (cell === null ? Buffer.from([0xfb]) : text(cell)))));
  packets.push(deprecated ? ok(n, options.status, { end: true }) : eof(n, options.status));
  return Buffer.concat(packets);
}
