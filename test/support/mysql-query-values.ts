/** Random values and conditions for the query generator, of a type and over the columns in scope. */
import type { Dice } from './dice.ts';
import type { LineageColumn, LineageType } from './mysql-lineage-schema.ts';

export interface Source {
  readonly alias: string;
  readonly columns: readonly LineageColumn[];
}

type Scalar = (type: LineageType, depth: number, scope: readonly Source[]) => string;
type Make = (type: LineageType) => string;

export class QueryValues {
  readonly #dice: Dice;
  readonly #faithful: boolean;
  readonly #isMysql: boolean;
  readonly #scalar: Scalar;

  constructor(
    dice: Dice,
    options: { readonly flavour: 'mysql' | 'mariadb'; readonly faithful: boolean },
    scalar: Scalar,
  ) {
    this.#dice = dice;
    this.#faithful = options.faithful;
    this.#isMysql = options.flavour === 'mysql';
    this.#scalar = scalar;
  }

  /** A column of the type, or a constant where there is none. */
  column(type: LineageType, scope: readonly Source[]): string {
    const found = scope.flatMap(({ alias, columns }) =>
      columns.filter((one) => one.type === type).map(({ name }) => this.#quoted(alias, name)),
    );
    return found.length === 0 || (!this.#faithful && this.#dice.chance(0.04))
      ? this.#constant(type)
      : this.#dice.pick(found);
  }

  /** One whose values differ by row, as what orders a window has to be. */
  key(type: LineageType, scope: readonly Source[]): string {
    const found = scope.flatMap(({ alias, columns }) =>
      columns.filter((one) => one.type === type).map(({ name }) => this.#quoted(alias, name)),
    );
    return found.length === 0 ? `concat('k', ${this.#dice.below(9)})` : this.#dice.pick(found);
  }

  #quoted(alias: string, name: string): string {
    const spelled = this.#dice.chance(0.1) ? name.toUpperCase() : name;
    return this.#dice.chance(0.2) ? `\`${alias}\`.\`${spelled}\`` : `${alias}.${spelled}`;
  }

  #constant(type: LineageType): string {
    switch (type) {
      case 'int':
        return String(this.#dice.below(50));
      case 'date':
        return `DATE '202${this.#dice.below(9)}-0${1 + this.#dice.below(9)}-1${this.#dice.below(9)}'`;
      case 'json':
        return `json_object('a', ${this.#dice.below(9)})`;
      default:
        return `'${this.#dice.pick(['a', 'Zq', 'x y', 'Oslo', ''])}'`;
    }
  }

  value(type: LineageType, depth: number, scope: readonly Source[]): string {
    if (depth <= 0 || this.#dice.chance(0.35)) return this.column(type, scope);
    const make: Make = (of) => this.value(of, depth - 1, scope);
    if (this.#faithful) return this.#dice.pick(this.#faithfulForms(type, make))();
    if (this.#dice.chance(0.1)) return `(${this.#scalar(type, depth - 1, scope)})`;
    if (this.#dice.chance(0.2)) return this.#choice(type, make, depth, scope);
    return this.#dice.pick([...this.#faithfulForms(type, make), ...this.#forms(type, make, scope, depth)])();
  }

  #choice(type: LineageType, make: Make, depth: number, scope: readonly Source[]): string {
    const test = () => this.condition(depth - 1, scope);
    return this.#dice.pick([
      () => `CASE WHEN ${test()} THEN ${make(type)} ELSE ${make(type)} END`,
      () => `CASE ${make('text')} WHEN ${make('text')} THEN ${make(type)} ELSE ${make(type)} END`,
      () => `if(${test()}, ${make(type)}, ${make(type)})`,
      () => `ifnull(${make(type)}, ${make(type)})`,
      () => `coalesce(${make(type)}, ${make(type)})`,
      () => `nullif(${make(type)}, ${make(type)})`,
    ])();
  }

  /** They show every change of what they are made of. */
  #faithfulForms(type: LineageType, make: Make): readonly (() => string)[] {
    switch (type) {
      case 'int':
        return [() => `(${make('int')} + ${make('int')})`, () => `(- ${make('int')})`];
      case 'date':
        return [() => `(${make('date')} + INTERVAL ${1 + this.#dice.below(40)} DAY)`];
      case 'json':
        return [() => `json_object('a', ${make('text')}, 'b', ${make('int')})`];
      default:
        return [
          () => `upper(${make('text')})`,
          () => `concat_ws('+', ${make('text')}, ${make('text')})`,
          () => `sha2(${make('text')}, 224)`,
          () => `concat_ws('-', ${make('text')}, ${make('date')})`,
          () => `json_unquote(json_extract(${make('json')}, '$.a'))`,
          () => `convert(${make('text')} USING utf8mb4)`,
          () => `cast(${make('int')} AS char(30))`,
          () => `(${make('text')} COLLATE utf8mb4_bin)`,
          () => `hex(${make('text')})`,
        ];
    }
  }

  #forms(type: LineageType, make: Make, scope: readonly Source[], depth: number): readonly (() => string)[] {
    switch (type) {
      case 'int':
        return [
          () => `(${make('int')} % 1000 + ${make('int')} DIV 3)`,
          () => `char_length(${make('text')})`,
          () => `year(${make('date')})`,
          () => `(${this.condition(depth - 1, scope)})`,
          () => `locate('a', ${make('text')})`,
          () => `(${make('int')} & 255 | ${make('int')} << 1)`,
          () => `strcmp(${make('text')}, ${make('text')})`,
          () => `ord(${make('text')})`,
          () => `greatest(${make('int')}, ${make('int')})`,
        ];
      case 'date':
        return [() => `greatest(${make('date')}, ${make('date')})`, () => `last_day(${make('date')})`];
      case 'json':
        return [
          () => `json_array(${make('text')}, ${make('int')})`,
          () => `json_merge_patch(${make('json')}, ${make('json')})`,
        ];
      default:
        return this.#texts(make, scope);
    }
  }

  #texts(make: Make, scope: readonly Source[]): readonly (() => string)[] {
    const documents = scope.flatMap(({ alias, columns }) =>
      columns.filter((one) => one.name === 'doc').map(({ name }) => `${alias}.${name}`),
    );
    const arrow = () => `(${this.#dice.pick(documents)}${this.#dice.pick(['->', '->>'])}'$.a')`;
    return [
      () => `reverse(${make('text')})`,
      () => `left(${make('text')}, ${1 + this.#dice.below(9)})`,
      () => `substring(${make('text')} FROM 2 FOR ${1 + this.#dice.below(9)})`,
      () => `trim(LEADING 'N' FROM ${make('text')})`,
      () => `replace(${make('text')}, 'a', 'b')`,
      () => `date_format(${make('date')}, '%Y-%m')`,
      () => `lpad(${make('text')}, 20, ${make('text')})`,
      () => `elt(1, ${make('text')}, ${make('text')})`,
      () => `cast(${make('date')} AS char(40))`,
      () => `hex(BINARY ${make('text')})`,
      () => `insert(${make('text')}, 1, 2, ${make('text')})`,
      ...(this.#isMysql && documents.length > 0 ? [arrow] : []),
    ];
  }

  condition(depth: number, scope: readonly Source[]): string {
    const make: Make = (of) => this.value(of, Math.max(0, depth - 1), scope);
    const inner = (type: LineageType) => `(${this.#scalar(type, 0, scope)})`;
    return this.#dice.pick([
      () => `${make('int')} > ${this.#dice.below(40)}`,
      () => `${make('text')} < ${make('text')}`,
      () => `${make('text')} LIKE '%${this.#dice.pick(['a', '1', 'o'])}%'`,
      () => `${make('text')} REGEXP '[a-f]'`,
      () => `${this.column('text', scope)} IS NOT NULL`,
      () => `${make('int')} IN (1, 2, 3, 5, 8, 13, 21)`,
      () => `${make('int')} BETWEEN ${this.#dice.below(9)} AND ${make('int')}`,
      () => `${make('text')} <=> ${make('text')}`,
      () => `(${make('int')}, ${make('text')}) <> (${make('int')}, ${make('text')})`,
      () => `(${make('int')} = ${make('int')} OR ${make('date')} > ${this.#constant('date')})`,
      () => `NOT (${make('int')} < ${make('int')} XOR ${make('text')} IS NULL)`,
      () => `${make('int')} >= ${inner('int')}`,
      () => `${make('text')} IN ${inner('text')}`,
      () => `EXISTS ${inner('text')}`,
    ])();
  }

  aggregate(type: LineageType, scope: readonly Source[]): string {
    const make: Make = (of) => this.value(of, 1, scope);
    if (type === 'int' && this.#faithful) return `sum(${make('int')})`;
    if (type === 'json') return `json_arrayagg(${make('text')})`;
    if (this.#faithful) return this.#concat(make, true);
    const forms = type === 'int' ? this.#counts(make) : this.#extremes(make);
    return this.#dice.pick(forms)();
  }

  #counts(make: Make): readonly (() => string)[] {
    return [
      () => 'count(*)',
      () => `count(${make('text')})`,
      () => `sum(${make('int')})`,
      () => `count(DISTINCT ${make('text')}, ${make('int')})`,
      () => `bit_xor(${make('int')})`,
      () => `sum(char_length(${make('text')}))`,
    ];
  }

  #extremes(make: Make): readonly (() => string)[] {
    return [
      () => `max(${make('text')})`,
      () => `min(${make('text')})`,
      () => this.#concat(make, false),
      () => `group_concat(DISTINCT ${make('text')})`,
      () => `max(DISTINCT ${make('text')})`,
    ];
  }

  #concat(make: Make, isFaithful: boolean): string {
    const one = make('text');
    const by = isFaithful ? one : this.#dice.pick([one, '1', make('int')]);
    return `group_concat(${one} ORDER BY ${by} SEPARATOR ';')`;
  }

  window(type: LineageType, scope: readonly Source[]): string {
    if (this.#faithful) return this.value(type, 1, scope);
    const part = this.#dice.chance(0.4) ? `PARTITION BY ${this.key('text', scope)} ` : '';
    const frame = this.#dice.chance(0.3) ? ' ROWS BETWEEN 1 PRECEDING AND CURRENT ROW' : '';
    const by = this.key('int', scope);
    switch (type) {
      case 'int':
        if (this.#dice.chance(0.5))
          return `${this.#dice.pick(['row_number', 'rank'])}() OVER (${part}ORDER BY ${by})`;
        return `sum(${this.value('int', 1, scope)}) OVER (${part}ORDER BY ${by}${frame})`;
      case 'text':
        if (this.#dice.chance(0.2))
          return `lag(${this.value('text', 1, scope)}) OVER (${part}ORDER BY ${by})`;
        return `${this.#dice.pick(['first_value', 'max', 'last_value'])}(${this.value('text', 1, scope)}) OVER (${part}ORDER BY ${by}${frame})`;
      default:
        return this.value(type, 1, scope);
    }
  }
}
