/**
 * Random queries over mysql-lineage-schema.ts, by a grammar that knows types and each flavour's own forms: joins and
 * merged columns, subqueries, CTEs, windows, aggregates, set operations, documents, aliases in other clauses. The same
 * seed gives the same queries.
 */

import { Dice } from './dice.ts';
import { LINEAGE_TABLES, type LineageColumn, type LineageType } from './mysql-lineage-schema.ts';
import { QueryValues, type Source } from './mysql-query-values.ts';

export interface QueryGeneratorOptions {
  readonly flavour: 'mysql' | 'mariadb';
  readonly relations: readonly string[];
  /** Only what shows every change of what it is made of: no filters, constants or conditions. */
  readonly faithful: boolean;
}

interface Made {
  readonly sql: string;
  readonly columns: readonly LineageColumn[];
}

export class MysqlQueryGenerator {
  readonly #options: QueryGeneratorOptions;
  readonly #dice: Dice;
  readonly #values: QueryValues;
  #aliases = 0;
  #queries: { readonly name: string; readonly columns: readonly LineageColumn[] }[] = [];

  constructor(seed: number, options: QueryGeneratorOptions) {
    this.#options = options;
    this.#dice = new Dice(seed);
    this.#values = new QueryValues(this.#dice, options, (type, depth, scope) =>
      this.#scalar(type, depth, scope),
    );
  }

  next(): string {
    this.#aliases = 0;
    this.#queries = [];
    if (this.#dice.chance(0.22)) return this.#withQuery(2);
    if (this.#dice.chance(0.14)) return this.#setOperation(2);
    return this.#select(2, []).sql;
  }

  #alias(): string {
    return `t${++this.#aliases}`;
  }

  #withQuery(depth: number): string {
    const parts: string[] = [];
    const isRecursive = !this.#options.faithful && this.#dice.chance(0.25);
    for (let n = 1 + this.#dice.below(2); n > 0; n--) {
      const name = `w${++this.#aliases}`;
      if (isRecursive && n === 1) {
        parts.push(this.#recursive(name));
        this.#queries.push({
          name,
          columns: [
            { name: 'n', type: 'int' },
            { name: 's', type: 'text' },
          ],
        });
        continue;
      }
      const query = this.#select(depth - 1, []);
      const names = this.#dice.chance(0.3) ? query.columns.map((_, at) => `x${at}`) : null;
      parts.push(`${name}${names === null ? '' : ` (${names.join(', ')})`} AS (${query.sql})`);
      const columns = query.columns.map((one, at) => ({ ...one, name: names?.[at] ?? one.name }));
      this.#queries.push({ name, columns });
    }
    return `WITH ${isRecursive ? 'RECURSIVE ' : ''}${parts.join(', ')} ${this.#select(depth, []).sql}`;
  }

  /** Walks three steps from a table's rows. */
  #recursive(name: string): string {
    const { from, sources } = this.#table();
    const text = this.#values.value('text', 1, sources);
    const step = this.#dice.pick(['s', 'upper(s)', 'reverse(s)', "concat(left(s, 40), 'q')"]);
    return `${name} (n, s) AS (SELECT 1, cast(${text} AS char(300)) FROM ${from} UNION ALL SELECT n + 1, ${step} FROM ${name} WHERE n < 3)`;
  }

  #table(): { from: string; sources: Source[] } {
    const sources: Source[] = [];
    const name = this.#dice.pick(this.#options.relations);
    const alias = this.#alias();
    sources.push({ alias, columns: LINEAGE_TABLES[name] ?? [] });
    return { from: `${name} AS ${alias}`, sources };
  }

  #setOperation(depth: number): string {
    const types = Array.from({ length: 1 + this.#dice.below(3) }, () =>
      this.#dice.pick<LineageType>(['int', 'text', 'text', 'date']),
    );
    const side = () => {
      if (this.#dice.chance(0.25) && !this.#options.faithful)
        return `(${this.#select(depth - 1, [], types).sql} ORDER BY 1 LIMIT 500)`;
      return `(${this.#select(depth - 1, [], types).sql})`;
    };
    const words =
      this.#dice.chance(0.75) || this.#options.faithful ? ['UNION ALL'] : ['UNION', 'INTERSECT', 'EXCEPT'];
    let sql = `${side()} ${this.#dice.pick(words)} ${side()}`;
    if (this.#dice.chance(0.25)) sql = `${sql} UNION ALL ${side()}`;
    return `${sql}${this.#dice.chance(0.3) ? ` ORDER BY ${this.#dice.pick(['1', 'c1'])}` : ''}`;
  }

  #select(depth: number, outer: readonly Source[], types?: readonly LineageType[]): Made {
    const { faithful } = this.#options;
    const sources: Source[] = [];
    const { from, star } = this.#from(depth, sources);
    const scope = [...sources, ...outer];
    const where =
      !faithful && this.#dice.chance(0.4) ? ` WHERE ${this.#values.condition(depth - 1, scope)}` : '';
    if (types === undefined && this.#dice.chance(0.22)) return this.#grouped(from, where, sources);
    if (types === undefined && this.#dice.chance(0.25) && star !== null)
      return { sql: `SELECT ${star.sql} FROM ${from}${where}`, columns: star.columns };
    const wanted = types ?? Array.from({ length: 1 + this.#dice.below(4) }, () => null);
    const made: LineageColumn[] = [];
    const items = wanted.map((given, n) => this.#item(given, n, depth, scope, made));
    const options = types === undefined && !faithful;
    const having =
      options && this.#dice.chance(0.1) ? ` HAVING ${this.#dice.pick(made).name} IS NOT NULL` : '';
    const windows = options && this.#dice.chance(0.2) ? this.#namedWindow(items, made, sources) : '';
    const distinct = types === undefined && this.#dice.chance(0.06) ? 'DISTINCT ' : '';
    const order = options && this.#dice.chance(0.2) ? ` ORDER BY ${this.#orderKey(made, scope)}` : '';
    const sql = `SELECT ${distinct}${items.join(', ')} FROM ${from}${where}${having}${windows}${order}`;
    return { sql, columns: made };
  }

  #item(
    given: LineageType | null,
    n: number,
    depth: number,
    scope: readonly Source[],
    made: LineageColumn[],
  ): string {
    const type = given ?? this.#dice.pick<LineageType>(['int', 'text', 'text', 'text', 'date', 'json']);
    const before = made.filter((one) => one.type === type);
    // An alias may be another column's name: which one later clauses mean is the question.
    const own = this.#dice.chance(0.15) ? this.#dice.pick(['name', 'ssn', 'city', 'pin']) : `c${n + 1}`;
    const name = given !== null || made.some((one) => one.name === own) ? `c${n + 1}` : own;
    let value =
      given === null && this.#dice.chance(0.15)
        ? this.#values.window(type, scope)
        : this.#values.value(type, depth, scope);
    if (before.length > 0 && this.#dice.chance(0.25) && !this.#options.faithful)
      value = `(SELECT ${this.#dice.pick(before).name})`;
    made.push({ name, type });
    return `${value} AS ${name}`;
  }

  #namedWindow(items: string[], made: LineageColumn[], sources: readonly Source[]): string {
    const window = `win${++this.#aliases}`;
    const name = `c${items.length + 1}w`;
    items.push(`row_number() OVER ${window} AS ${name}`);
    made.push({ name, type: 'int' });
    return ` WINDOW ${window} AS (ORDER BY ${this.#values.key('int', sources)})`;
  }

  #orderKey(made: readonly LineageColumn[], scope: readonly Source[]): string {
    return this.#dice.pick([
      () => this.#dice.pick(made).name,
      () => String(1 + this.#dice.below(made.length)),
      () => this.#values.value('text', 1, scope),
    ])();
  }

  #grouped(from: string, where: string, sources: readonly Source[]): Made {
    const key = this.#values.column('text', sources);
    const made: LineageColumn[] = [{ name: 'c1', type: 'text' }];
    const items = Array.from({ length: 1 + this.#dice.below(3) }, (_, n) => {
      const type = this.#dice.pick<LineageType>(['int', 'text', 'json']);
      made.push({ name: `c${n + 2}`, type });
      return `${this.#values.aggregate(type, sources)} AS c${n + 2}`;
    });
    const by = this.#dice.pick([key, 'c1', '1']);
    const rollup = !this.#options.faithful && this.#dice.chance(0.1) ? ' WITH ROLLUP' : '';
    const having = !this.#options.faithful && this.#dice.chance(0.15) ? ' HAVING c2 IS NOT NULL' : '';
    const sql = `SELECT ${key} AS c1, ${items.join(', ')} FROM ${from}${where} GROUP BY ${by}${rollup}${having}`;
    return { sql, columns: made };
  }

  #from(depth: number, sources: Source[]): { from: string; star: Made | null } {
    const first = this.#source(depth, sources);
    const [left] = sources;
    const own = { sql: `${left?.alias ?? ''}.*`, columns: shown(left) };
    const alone = { from: first, star: this.#dice.chance(0.5) ? own : { ...own, sql: '*' } };
    if (!this.#dice.chance(0.45)) return alone;
    const added: Source[] = [];
    const second = this.#source(depth, added);
    const [right] = added;
    if (left === undefined || right === undefined) return alone;
    const isLateral = second.startsWith('LATERAL') || second.startsWith('JSON_TABLE');
    if (this.#options.faithful) {
      const keys = [left, right].map((one) => one.columns.find(({ name }) => /^(?:id|a)$/.test(name)));
      if (keys.includes(undefined)) return alone;
      sources.push(right);
      const on = `${left.alias}.${keys[0]?.name} = ${right.alias}.${keys[1]?.name}`;
      return { from: `${first} JOIN ${second} ON ${on}`, star: own };
    }
    sources.push(right);
    const kinds = isLateral ? ['JOIN', 'LEFT JOIN'] : ['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'STRAIGHT_JOIN'];
    const kind = this.#dice.pick(kinds);
    const merged = kind === 'STRAIGHT_JOIN' ? null : this.#merged(first, second, left, right, kind, depth);
    if (merged !== null) return merged;
    if (this.#dice.chance(0.15)) return { from: `${first}, ${second}`, star: own };
    const on = `${this.#values.column('int', [left])} = ${this.#values.column('int', [right])}`;
    return {
      from: `${first} ${kind} ${second} ON ${on}`,
      star: { sql: `${right.alias}.*`, columns: shown(right) },
    };
  }

  /** USING and NATURAL; null where there is nothing to merge by. A star with a name twice is for the outermost only. */
  #merged(
    first: string,
    second: string,
    left: Source,
    right: Source,
    kind: string,
    depth: number,
  ): { from: string; star: Made | null } | null {
    const shared = shown(left).filter(({ name }) => shown(right).some((other) => other.name === name));
    const keys = shared.filter(({ name }) => /^(?:id|a|city|pin)$/.test(name));
    if (keys.length === 0 || !this.#dice.chance(0.6)) return null;
    const using = this.#dice.chance(0.3) ? shared : [this.#dice.pick(keys)];
    const join =
      using === shared
        ? `${first} NATURAL ${kind} ${second}`
        : `${first} ${kind} ${second} USING (${using[0]?.name})`;
    const isMerged = ({ name }: LineageColumn) => using.some((one) => one.name === name);
    const rest = [...shown(left), ...shown(right)].filter((one) => !isMerged(one));
    const columns = [...using, ...rest];
    const isDistinct = new Set(columns.map(({ name }) => name)).size === columns.length;
    return { from: join, star: isDistinct || depth === 2 ? { sql: '*', columns } : null };
  }

  #source(depth: number, sources: Source[]): string {
    const alias = this.#alias();
    if (depth > 0 && this.#dice.chance(0.22)) {
      const query = this.#dice.chance(0.15) ? { sql: `(${this.#setOperation(1)})`, columns: [] } : null;
      const made = query === null || query.columns.length === 0 ? this.#select(depth - 1, []) : query;
      sources.push({ alias, columns: made.columns });
      return `(${made.sql}) AS ${alias}`;
    }
    if (this.#queries.length > 0 && this.#dice.chance(0.6)) {
      const { name, columns } = this.#dice.pick(this.#queries);
      sources.push({ alias, columns });
      return `${name} AS ${alias}`;
    }
    if (!this.#options.faithful && this.#dice.chance(0.04)) {
      sources.push({ alias, columns: [{ name: 'v', type: 'text' }] });
      return `JSON_TABLE('["a","b"]', '$[*]' COLUMNS (v varchar(40) PATH '$')) AS ${alias}`;
    }
    const name = this.#dice.pick(this.#options.relations);
    sources.push({ alias, columns: LINEAGE_TABLES[name] ?? [] });
    return this.#dice.chance(0.2) ? `lineage.${name} ${alias}` : `${name} AS ${alias}`;
  }

  /** A subquery that has one row. */
  #scalar(type: LineageType, depth: number, scope: readonly Source[]): string {
    const { from, sources } = this.#table();
    const value = this.#values.value(type, depth, this.#dice.chance(0.5) ? [...sources, ...scope] : sources);
    if (type === 'json') return `SELECT json_arrayagg(${value}) FROM ${from}`;
    const where =
      this.#dice.chance(0.3) && scope.length > 0
        ? ` WHERE ${this.#values.column('int', sources)} = ${this.#values.column('int', scope)}`
        : '';
    return `SELECT ${this.#dice.pick(['max', 'min'])}(${value}) FROM ${from}${where}`;
  }
}

function shown(source: Source | undefined): readonly LineageColumn[] {
  return (source?.columns ?? []).filter(({ hidden }) => hidden !== true);
}
