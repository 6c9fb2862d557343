/** Whether one masked value fits the JSON Schema of its place, and a value that does (JSON Schema 2020-12, validation). */
import { RE2JS } from 're2js';
import type { JsonDocument } from '../../json/index.ts';

const NONE = -1;
const REFERENCES_MAX = 32;
const SCHEMAS_MAX = 1_000;

export class LeafSchemas {
  readonly #schema: JsonDocument;

  constructor(schema: JsonDocument) {
    this.#schema = schema;
  }

  /** The schemas for the value at the path of member names and indexes; what is not described has none. */
  at(path: readonly (string | number)[]): readonly number[] {
    let schemas: readonly number[] = this.#expanded([0]);
    for (const step of path) {
      const next = schemas.flatMap((one) => this.#below(one, step));
      schemas = this.#expanded(next);
    }
    return schemas;
  }

  /** With what they refer to, and the alternatives of each: a value has to fit all that say something of its type. */
  #expanded(from: readonly number[]): readonly number[] {
    const schema = this.#schema;
    const found = new Set<number>();
    const waiting = [...from];
    let references = 0;
    for (let one = waiting.pop(); one !== undefined && found.size < SCHEMAS_MAX; one = waiting.pop()) {
      if (one === NONE || found.has(one)) continue;
      found.add(one);
      const reference = schema.text(schema.member(one, '$ref'));
      if (reference?.startsWith('#') === true && references++ < REFERENCES_MAX)
        waiting.push(schema.at(decodeURIComponent(reference.slice(1))));
      const all = schema.member(one, 'allOf');
      if (all !== NONE) waiting.push(...schema.children(all));
    }
    return [...found];
  }

  #below(one: number, step: string | number): readonly number[] {
    const schema = this.#schema;
    const alternatives = ['anyOf', 'oneOf'].flatMap((name) => {
      const list = schema.member(one, name);
      return list === NONE ? [] : [...schema.children(list)].flatMap((child) => this.#expanded([child]));
    });
    const holders = [one, ...alternatives];
    return holders.flatMap((holder) => {
      if (typeof step === 'number') {
        const first = schema.item(schema.member(holder, 'prefixItems'), step);
        return [first === NONE ? schema.member(holder, 'items') : first];
      }
      const named = schema.member(schema.member(holder, 'properties'), step);
      return [named === NONE ? schema.member(holder, 'additionalProperties') : named];
    });
  }

  fits(schemas: readonly number[], value: unknown): boolean {
    return schemas.every((one) => this.#fits(one, value));
  }

  #fits(one: number, value: unknown): boolean {
    const schema = this.#schema;
    if (!schema.isObject(one)) return schema.kind(one) !== 'false';
    for (const name of ['anyOf', 'oneOf']) {
      const list = schema.member(one, name);
      if (list === NONE) continue;
      if (![...schema.children(list)].some((child) => this.fits(this.#expanded([child]), value)))
        return false;
    }
    if (!this.#hasType(one, value)) return false;
    const values = schema.member(one, 'enum');
    const constant = schema.member(one, 'const');
    const text = JSON.stringify(value);
    const isSame = (node: number) => plain(schema, node) === text;
    if (values !== NONE && ![...schema.children(values)].some(isSame)) return false;
    if (constant !== NONE && !isSame(constant)) return false;
    if (typeof value === 'object' && value !== null) return this.#fitsEmpty(one, value);
    if (typeof value === 'string') return this.#fitsString(one, value);
    return typeof value !== 'number' || this.#fitsNumber(one, value);
  }

  #hasType(one: number, value: unknown): boolean {
    const schema = this.#schema;
    const type = schema.member(one, 'type');
    if (type === NONE) return true;
    const names = schema.isArray(type)
      ? [...schema.children(type)].map((node) => schema.text(node))
      : [schema.text(type)];
    const own = typeOf(value);
    return names.includes(own) || (own === 'integer' && names.includes('number'));
  }

  /** Containers are only put in as empty ones; those that are there have kept their members. */
  #fitsEmpty(one: number, value: object): boolean {
    const schema = this.#schema;
    if (Array.isArray(value)) return (this.#number(one, 'minItems') ?? 0) === 0;
    const required = schema.member(one, 'required');
    return required === NONE || schema.size(required) === 0;
  }

  #fitsString(one: number, value: string): boolean {
    const length = [...value].length;
    const least = this.#number(one, 'minLength');
    const most = this.#number(one, 'maxLength');
    if ((least !== null && length < least) || (most !== null && length > most)) return false;
    const pattern = this.#schema.text(this.#schema.member(one, 'pattern'));
    if (pattern !== null && !matches(pattern, value)) return false;
    const format = this.#schema.text(this.#schema.member(one, 'format'));
    const known = format === null ? undefined : FORMATS[format];
    return known === undefined || known.is.test(value);
  }

  #fitsNumber(one: number, value: number): boolean {
    const least = this.#number(one, 'minimum');
    const most = this.#number(one, 'maximum');
    const over = this.#number(one, 'exclusiveMinimum');
    const under = this.#number(one, 'exclusiveMaximum');
    const step = this.#number(one, 'multipleOf');
    return !(
      (least !== null && value < least) ||
      (most !== null && value > most) ||
      (over !== null && value <= over) ||
      (under !== null && value >= under) ||
      (step !== null && step > 0 && value % step !== 0)
    );
  }

  #number(one: number, name: string): number | null {
    const node = this.#schema.member(one, name);
    return node !== NONE && this.#schema.kind(node) === 'number' ? Number(this.#schema.written(node)) : null;
  }

  /** A value that fits and says nothing of what was masked; undefined: none was found. */
  replacement(schemas: readonly number[], masked: unknown): unknown {
    const lengths = schemas.flatMap((one) => {
      const [least, most] = [this.#number(one, 'minLength'), this.#number(one, 'maxLength')];
      return [least, most].filter((length) => length !== null);
    });
    const texts = lengths
      .filter((length) => length <= 10_000)
      .flatMap((length) => {
        const base = typeof masked === 'string' ? [...masked] : [];
        return [[...base, ...'*'.repeat(Math.max(0, length - base.length))].slice(0, length).join('')];
      });
    const numbers = schemas.flatMap((one) =>
      ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'].flatMap((name) => {
        const bound = this.#number(one, name);
        return bound === null ? [] : [bound, bound + 1, bound - 1];
      }),
    );
    const formats = Object.values(FORMATS).map(({ like }) => like);
    const candidates: unknown[] = [null, ...texts, '[masked]', ...formats, '', 0, ...numbers, false, [], {}];
    const listed = schemas.flatMap((one) => this.#listed(one));
    return [...candidates, ...listed].find((candidate) => this.fits(schemas, candidate));
  }

  /** Values of enum and const: the first of an enum says nothing but what the schema says itself. */
  #listed(one: number): readonly unknown[] {
    const schema = this.#schema;
    const values = schema.member(one, 'enum');
    const nodes = values === NONE ? [] : [...schema.children(values)];
    return [...nodes, schema.member(one, 'const')].flatMap((node) =>
      node === NONE ? [] : [schema.text(node) ?? scalar(schema.written(node))],
    );
  }
}

function scalar(written: string): unknown {
  if (written === 'null') return null;
  if (written === 'true' || written === 'false') return written === 'true';
  return Number(written);
}

function plain(schema: JsonDocument, node: number): string {
  const text = schema.text(node);
  return text === null ? schema.written(node) : JSON.stringify(text);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** By RE2, whose time is bounded: the pattern is the server's. What it cannot read is taken for not met. */
function matches(pattern: string, value: string): boolean {
  try {
    return RE2JS.compile(pattern).matcher(value).find();
  } catch {
    return false;
  }
}

const FORMATS: Readonly<Record<string, { readonly is: RegExp; readonly like: string }>> = {
  date: { is: /^\d{4}-\d{2}-\d{2}$/, like: '1970-01-01' },
  'date-time': {
    is: /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/,
    like: '1970-01-01T00:00:00Z',
  },
  time: { is: /^\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/, like: '00:00:00Z' },
  email: { is: /^[^\s@]+@[^\s@]+$/, like: 'masked@example.invalid' },
  uuid: {
    is: /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
    like: '00000000-0000-0000-0000-000000000000',
  },
  uri: { is: /^[a-z][a-z0-9+.-]*:[^\s]*$/i, like: 'about:masked' },
  hostname: { is: /^[a-z0-9.-]+$/i, like: 'masked.invalid' },
  ipv4: { is: /^(?:\d{1,3}\.){3}\d{1,3}$/, like: '0.0.0.0' },
  ipv6: { is: /^[0-9a-f:.]*:[0-9a-f:.]*$/i, like: '::' },
};
