/**
 * Random queries over fixtures/masking/schema.sql, by a grammar that knows types: joins, subqueries, CTEs, windows,
 * aggregates, set operations, whole rows, documents, functions. The same seed gives the same queries.
 */

export type ValueType = 'int' | 'text' | 'date' | 'bool' | 'jsonb' | 'other';

interface Column {
  readonly name: string;
  readonly type: ValueType;
  readonly masked: boolean;
}

interface Source {
  readonly alias: string;
  readonly columns: readonly Column[];
  /** Its alias stands for a row that to_jsonb takes. */
  readonly isRow: boolean;
}

export interface GeneratedQuery {
  readonly sql: string;
  readonly tables: readonly string[];
}

function columns(...written: readonly string[]): readonly Column[] {
  return written.map((one) => {
    const [name = '', type = 'text', masked] = one.split(':');
    return { name, type: typeOf(type), masked: masked === 'm' };
  });
}

function typeOf(name: string): ValueType {
  switch (name) {
    case 'int':
    case 'text':
    case 'date':
    case 'bool':
    case 'jsonb':
      return name;
    default:
      return 'other';
  }
}

const TABLES: Readonly<Record<string, readonly Column[]>> = {
  'hr.person': columns(
    'id:int',
    'name:text',
    'city:text',
    'ssn:text:m',
    'pin:int:m',
    'born:date:m',
    'tags:other:m',
    'doc:jsonb:m',
    'card:text:m',
    'feeling:other:m',
    'info:jsonb',
    'initials:text',
    'tail:text:m',
  ),
  'hr.visit': columns('id:int', 'person_id:int', 'day:date', 'minutes:int', 'note:text'),
  'hr.vendor': columns('id:int', 'name:text', 'ssn:text', 'pin:int', 'city:text'),
  'hr.asset': columns('id:int', 'label:text', 'serial:text:m'),
  'hr.laptop': columns('id:int', 'label:text', 'serial:text:m', 'ram:int'),
  'hr.log': columns('id:int', 'day:date', 'line:text', 'secret:text:m'),
  'hr.log_2025': columns('id:int', 'day:date', 'line:text', 'secret:text:m'),
  'hr.staff': columns('id:int', 'name:text', 'tax:text:m', 'pin:int:m', 'city:text'),
  'hr.staff_deep': columns('a:int', 'b:text:m', 'c:text', 'd:text:m'),
  'hr.staff_deeper': columns('a:int', 'b:text:m', 'c:text', 'd:text:m'),
  'hr.everyone': columns('id:int', 'name:text', 'ssn:text:m'),
  'hr.counts': columns('city:text', 'known:int', 'heads:int', 'top:text:m'),
  'hr.frozen': columns('id:int', 'name:text', 'frozen_ssn:text:m', 'print:text:m'),
};

export interface GeneratorOptions {
  /** Relations to choose from; all of them unless told otherwise. */
  readonly relations?: readonly string[];
  /** How often a place where comparing is denied takes a masked column, out of 1. */
  readonly daring: number;
  /** Whether functions whose bodies read tables are called. */
  readonly functions: boolean;
  /** Only what shows every change of what it is made of: no filters, constants or conditions. */
  readonly faithful?: boolean;
}

export class QueryGenerator {
  #state: number;
  readonly #faithful: boolean;
  readonly #options: GeneratorOptions;
  readonly #relations: readonly string[];
  #aliases = 0;
  #tables = new Set<string>();
  /** CTEs in scope. */
  #queries: { name: string; columns: readonly Column[] }[] = [];

  constructor(seed: number, options: GeneratorOptions) {
    this.#state = seed;
    this.#options = options;
    this.#faithful = options.faithful ?? false;
    this.#relations = options.relations ?? Object.keys(TABLES);
  }

  next(): GeneratedQuery {
    this.#aliases = 0;
    this.#tables = new Set();
    this.#queries = [];
    const sql = this.#chance(0.25)
      ? this.#withQuery(2)
      : this.#chance(0.12)
        ? this.#setOperation(2)
        : this.#select(2, []).sql;
    return { sql, tables: [...this.#tables] };
  }

  /** Mulberry32. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #chance(of: number): boolean {
    return this.#random() < of;
  }

  #pick<Item>(list: readonly Item[]): Item {
    const item = list[this.#below(list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  #alias(): string {
    return `t${++this.#aliases}`;
  }

  #withQuery(depth: number): string {
    const before = this.#queries.length;
    const parts: string[] = [];
    for (let n = 1 + this.#below(2); n > 0; n--) {
      const name = `w${++this.#aliases}`;
      const query = this.#select(depth - 1, []);
      parts.push(`${name} AS ${this.#pick(['', 'MATERIALIZED ', 'NOT MATERIALIZED '])}(${query.sql})`);
      this.#queries.push({ name, columns: query.columns });
    }
    const main = this.#select(depth, []);
    this.#queries.length = before;
    return `WITH ${parts.join(', ')} ${main.sql}`;
  }

  #setOperation(depth: number): string {
    const types = Array.from({ length: 1 + this.#below(3) }, () =>
      this.#pick<ValueType>(['int', 'text', 'text', 'date']),
    );
    const side = () => this.#select(depth - 1, [], types).sql;
    const ops = this.#chance(0.8) ? ['UNION ALL'] : ['UNION', 'INTERSECT', 'EXCEPT', 'EXCEPT ALL'];
    return `${side()} ${this.#pick(ops)} ${side()}${this.#chance(0.3) ? ' ORDER BY 1' : ''}`;
  }

  #select(
    depth: number,
    outer: readonly Source[],
    types?: readonly ValueType[],
  ): { sql: string; columns: readonly Column[] } {
    const sources: Source[] = [];
    const from = this.#from(depth, sources, outer);
    const scope = [...sources, ...outer];
    const where =
      !this.#faithful && this.#chance(0.5) ? ` WHERE ${this.#bool(depth - 1, scope, this.#dares())}` : '';
    if (types === undefined && this.#chance(0.25)) return this.#grouped(depth, from, where, scope, sources);
    const made: Column[] = [];
    const targets = (types ?? Array.from({ length: 1 + this.#below(4) }, () => null)).map((wanted, n) => {
      const type =
        wanted ??
        this.#pick<ValueType>([
          'int',
          'text',
          'text',
          'text',
          'date',
          this.#faithful ? 'text' : 'bool',
          'jsonb',
        ]);
      const name = `c${n + 1}`;
      made.push({ name, type, masked: true });
      const value = this.#value(type, depth, scope, true);
      return types === undefined && this.#chance(0.2)
        ? `${this.#window(type, scope, depth)} AS ${name}`
        : `${value} AS ${name}`;
    });
    const star = types === undefined && this.#chance(0.15) ? this.#star(sources) : null;
    const distinct = types === undefined && this.#chance(0.06) ? 'DISTINCT ' : '';
    const order =
      types === undefined && this.#chance(0.2) ? ` ORDER BY ${this.#orderKey(scope, targets.length)}` : '';
    if (star !== null)
      return {
        sql: `SELECT ${distinct}${star} FROM ${from}${where}${order}`,
        columns: sources[0]?.columns ?? [],
      };
    return { sql: `SELECT ${distinct}${targets.join(', ')} FROM ${from}${where}${order}`, columns: made };
  }

  #star(sources: readonly Source[]): string {
    const [first] = sources;
    return first === undefined ? '*' : `${first.alias}.*`;
  }

  #orderKey(scope: readonly Source[], targets: number): string {
    if (this.#dares())
      return this.#chance(0.5) ? String(1 + this.#below(targets)) : this.#value('text', 1, scope, true);
    return this.#value(this.#pick<ValueType>(['int', 'text']), 0, scope, false);
  }

  #grouped(
    depth: number,
    from: string,
    where: string,
    scope: readonly Source[],
    sources: readonly Source[],
  ): { sql: string; columns: readonly Column[] } {
    const key = this.#value('text', 0, sources, this.#dares());
    const made: Column[] = [{ name: 'c1', type: 'text', masked: true }];
    const aggregates = Array.from({ length: 1 + this.#below(3) }, (_, n) => {
      const type = this.#pick<ValueType>(['int', 'text', 'jsonb']);
      made.push({ name: `c${n + 2}`, type, masked: true });
      return `${this.#aggregate(type, depth - 1, scope)} AS c${n + 2}`;
    });
    const having = !this.#faithful && this.#chance(0.15) ? ` HAVING count(*) > ${this.#below(3)}` : '';
    return {
      sql: `SELECT ${key} AS c1, ${aggregates.join(', ')} FROM ${from}${where} GROUP BY ${key}${having}`,
      columns: made,
    };
  }

  #aggregate(type: ValueType, depth: number, scope: readonly Source[]): string {
    const value = (of: ValueType) => this.#value(of, Math.min(depth, 1), scope, true);
    if (this.#faithful) {
      if (type === 'int') return `sum(${value('int')}::bigint % 1000003)`;
      const one = value(type);
      return type === 'jsonb'
        ? `jsonb_agg(${one} ORDER BY ${one})`
        : `string_agg(${one}, ',' ORDER BY ${one})`;
    }
    const filter =
      !this.#faithful && this.#chance(0.15) ? ` FILTER (WHERE ${this.#bool(0, scope, this.#dares())})` : '';
    const sorted = ` ORDER BY ${this.#value('int', 0, scope, true)}`;
    switch (type) {
      case 'int':
        return this.#pick([
          () => `count(*)${filter}`,
          () => `count(${value('text')})${filter}`,
          () => `sum(${value('int')})${filter}`,
          () => `max(${value('int')})`,
          () => `count(DISTINCT ${value('text')})`,
          () => `sum(length(${value('text')}))`,
        ])();
      case 'jsonb':
        return this.#pick([
          () => `jsonb_agg(${value('text')}${sorted})`,
          () => `jsonb_agg(${value('jsonb')}${sorted})${filter}`,
        ])();
      default:
        return this.#pick([
          () => `max(${value('text')})`,
          () => `min(${value('text')})${filter}`,
          () => `string_agg(${value('text')}, ','${sorted})${filter}`,
          () => `array_agg(${value('text')}${sorted})::text`,
        ])();
    }
  }

  #window(type: ValueType, scope: readonly Source[], depth: number): string {
    if (this.#faithful) return this.#value(type, depth, scope, true);
    const key = this.#value('int', 0, scope, this.#dares());
    const over = `OVER (${this.#chance(0.4) ? `PARTITION BY ${this.#value('text', 0, scope, this.#dares())} ` : ''}ORDER BY ${key})`;
    switch (type) {
      case 'int':
        return `${this.#pick(['rank()', 'dense_rank()', `sum(${this.#value('int', 1, scope, true)})`])} ${over}`;
      case 'text':
        return `${this.#pick(['max', 'min', 'first_value'])}(${this.#value('text', depth - 1, scope, true)}) ${over}`;
      default:
        return this.#value(type, depth, scope, true);
    }
  }

  #from(depth: number, sources: Source[], outer: readonly Source[]): string {
    const first = this.#item(depth, sources, outer);
    if (!this.#chance(0.4)) return first;
    const left = [...sources];
    const second = this.#item(depth, sources, outer);
    const added = sources.slice(left.length);
    const key = (of: readonly Source[]) =>
      of.flatMap(({ alias, columns: own }) =>
        own.filter(({ name }) => name === 'id' || name === 'a').map(({ name }) => `${alias}.${name}`),
      )[0];
    if (this.#faithful) {
      if (key(left) !== undefined && key(added) !== undefined)
        return `${first} JOIN ${second} ON ${key(left)} = ${key(added)}`;
      sources.length = left.length;
      return first;
    }
    if (this.#chance(0.2)) return `${first}, ${second}`;
    const dares = this.#dares();
    const join = this.#pick(['JOIN', 'LEFT JOIN', 'FULL JOIN']);
    // A FULL JOIN takes simple equalities only.
    return `${first} ${join} ${second} ON ${this.#value('int', 0, left, dares)} = ${this.#value('int', 0, added, dares)}`;
  }

  #item(depth: number, sources: Source[], outer: readonly Source[]): string {
    const alias = this.#alias();
    if (depth > 0 && this.#chance(0.2)) {
      const lateral = this.#chance(0.3) ? [...sources, ...outer] : null;
      const query = this.#select(depth - 1, lateral ?? []);
      sources.push({ alias, columns: query.columns, isRow: true });
      return `${lateral === null ? '' : 'LATERAL '}(${query.sql}) AS ${alias}`;
    }
    if (this.#queries.length > 0 && this.#chance(0.6)) {
      const { name, columns: own } = this.#pick(this.#queries);
      sources.push({ alias, columns: own, isRow: true });
      return `${name} AS ${alias}`;
    }
    if (this.#options.functions && this.#chance(0.06)) return this.#functionItem(alias, sources);
    const name = this.#pick(this.#relations);
    this.#tables.add(name);
    sources.push({ alias, columns: TABLES[name] ?? [], isRow: true });
    return `${name} AS ${alias}`;
  }

  #functionItem(alias: string, sources: Source[]): string {
    if (this.#chance(0.5)) {
      sources.push({ alias, columns: columns('who:int', 'what:text:m'), isRow: true });
      return `hr.pairs() AS ${alias}`;
    }
    sources.push({ alias, columns: TABLES['hr.person'] ?? [], isRow: true });
    return `hr.people() AS ${alias}`;
  }

  #dares(): boolean {
    return this.#chance(this.#options.daring);
  }

  /** A column of the type, or a constant where there is none. `any`: masked ones too. */
  #column(type: ValueType, scope: readonly Source[], any: boolean): string {
    const found = scope.flatMap(({ alias, columns: own }) =>
      own
        .filter((column) => column.type === type && (any || !column.masked))
        .map(({ name }) => `${alias}.${name}`),
    );
    return found.length === 0 || (!this.#faithful && this.#chance(0.05))
      ? this.#constant(type)
      : this.#pick(found);
  }

  #constant(type: ValueType): string {
    switch (type) {
      case 'int':
        return String(this.#below(50));
      case 'date':
        return `date '20${20 + this.#below(9)}-0${1 + this.#below(9)}-1${this.#below(9)}'`;
      case 'bool':
        return this.#pick(['true', 'false']);
      case 'jsonb':
        return `'{"a": ${this.#below(9)}}'::jsonb`;
      default:
        return `'${this.#pick(['a', 'Zq', 'x y', 'Oslo', ''])}'::text`;
    }
  }

  #value(type: ValueType, depth: number, scope: readonly Source[], any: boolean): string {
    if (depth <= 0 || this.#chance(0.35)) return this.#column(type, scope, any);
    const v = (of: ValueType) => this.#value(of, depth - 1, scope, any);
    if (this.#faithful) return this.#faithfulValue(type, v, scope);
    if (this.#chance(0.08)) return `(${this.#scalar(type, depth - 1, scope)})`;
    if (this.#chance(0.1))
      return `CASE WHEN ${this.#bool(depth - 1, scope, any)} THEN ${v(type)} ELSE ${v(type)} END`;
    if (this.#chance(0.06)) return `coalesce(${v(type)}, ${v(type)})`;
    if (this.#chance(0.04)) return `nullif(${v(type)}, ${v(type)})`;
    switch (type) {
      case 'int':
        return this.#pick([
          () => `(${v('int')} % 1000 + ${v('int')} % 1000)`,
          () => `length(${v('text')})`,
          () => `abs(${v('int')})`,
          () => `extract(year FROM ${v('date')})::int`,
          () => `(${v('bool')})::int`,
          () => `strpos(${v('text')}, 'a')`,
        ])();
      case 'date':
        return this.#pick([
          () => `(${v('date')} + ${this.#below(40)})`,
          () => `greatest(${v('date')}, ${v('date')})`,
        ])();
      case 'bool':
        return this.#bool(depth, scope, any);
      case 'jsonb':
        return this.#pick([
          () => `to_jsonb(${v('text')})`,
          () => `jsonb_build_object('a', ${v('text')}, 'b', ${v('int')})`,
          () => `jsonb_build_array(${v('int')})`,
          () => (any ? `to_jsonb(${this.#pick(scope).alias})` : `to_jsonb(${v('text')})`),
        ])();
      default:
        return this.#text(depth, scope, any);
    }
  }

  #faithfulValue(type: ValueType, v: (of: ValueType) => string, scope: readonly Source[]): string {
    switch (type) {
      case 'int':
        return this.#pick([
          () => `(${v('int')}::bigint + ${v('int')})::int8 % 1000000007`,
          () => `(- ${v('int')})`,
        ])();
      case 'date':
        return `(${v('date')} + ${this.#below(40)})`;
      case 'jsonb':
        return this.#pick([
          () => `to_jsonb(${v('text')})`,
          () => `jsonb_build_object('a', ${v('text')}, 'b', ${v('int')})`,
          () => `to_jsonb(${this.#pick(scope).alias})`,
        ])();
      case 'bool':
        return `(${v('text')} < ${v('text')})`;
      default:
        return this.#pick([
          () => `upper(${v('text')})`,
          () => `(${v('text')} || ${v('text')})`,
          () => `md5(${v('text')})`,
          () => `concat(${v('text')}, '-', ${v('date')})`,
          () => `(${v('jsonb')} ->> 'a')`,
          () => `${this.#pick(scope).alias}::text`,
          () => `${v('int')}::text`,
          () => `hr.twice(${v('text')})`,
          () => `(SELECT max(${v('text')}))`,
        ])();
    }
  }

  #text(depth: number, scope: readonly Source[], any: boolean): string {
    const v = (of: ValueType) => this.#value(of, depth - 1, scope, any);
    const forms = [
      () => `upper(${v('text')})`,
      () => `reverse(${v('text')})`,
      () => `(${v('text')} || ${v('text')})`,
      () => `left(${v('text')}, ${1 + this.#below(9)})`,
      () => `${v('int')}::text`,
      () => `md5(${v('text')})`,
      () => `concat(${v('text')}, '-', ${v('int')})`,
      () => `(${v('jsonb')} ->> 'a')`,
      () => `format('%s/%s', ${v('text')}, ${v('date')})`,
      () => `replace(${v('text')}, 'a', 'b')`,
      () => `(ARRAY[${v('text')}, ${v('text')}])[1]`,
      () => `${v('bool')}::text`,
      () => `to_char(${v('date')}, 'YYYY-MM')`,
    ];
    if (any)
      forms.push(
        () => `${this.#pick(scope).alias}::text`,
        () => `(ROW(${v('text')}, ${v('int')}))::text`,
      );
    if (any && this.#options.functions)
      forms.push(
        () => `hr.twice(${v('text')})`,
        () => `hr.ssn_of(${v('int')} % 40)`,
      );
    return this.#pick(forms)();
  }

  #bool(depth: number, scope: readonly Source[], any: boolean): string {
    const v = (of: ValueType) => this.#value(of, Math.max(0, depth - 1), scope, any);
    return this.#pick([
      () => `${v('int')} > ${this.#below(40)}`,
      () => `${v('text')} < ${v('text')}`,
      () => `${v('text')} LIKE '%${this.#pick(['a', '1', 'o'])}%'`,
      () => `${this.#column('text', scope, true)} IS NOT NULL`,
      () => `${v('int')} IN (1, 2, 3, 5, 8, 13, 21)`,
      () => `${v('text')} IS NULL`,
      () => `(${v('int')} = ${v('int')} OR ${v('date')} > ${this.#constant('date')})`,
      () => `NOT (${v('int')} < ${v('int')})`,
    ])();
  }

  /** A subquery that has one row. */
  #scalar(type: ValueType, depth: number, scope: readonly Source[]): string {
    const sources: Source[] = [];
    const from = this.#item(0, sources, []);
    const value = this.#value(type === 'bool' ? 'int' : type, depth, [...sources, ...scope], true);
    if (type === 'bool') return `SELECT max(${value}) > 5 FROM ${from}`;
    if (type === 'jsonb') return `SELECT jsonb_agg(${value}) FROM ${from}`;
    return `SELECT max(${value}) FROM ${from}`;
  }
}
