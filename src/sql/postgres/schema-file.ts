/**
 * Reads a schema file (CREATE TABLE, VIEW, FUNCTION, INDEX and so on, as pg_dump --schema-only writes them)
 * into a catalog, so that `sluice explain --schema` and policy tests need no server. Statements that define
 * nothing a policy can see are passed over.
 */
import type { JsonObject } from '../../core/json.ts';
import { type AstNode, flag, names, node, nodes, stringOf, struct, text } from './ast.ts';
import {
  type CatalogColumn,
  type CatalogFunction,
  type CatalogObjects,
  type CatalogRelation,
  type QualifiedName,
  type RelationKind,
  relationKey,
} from './catalog.ts';
import { functionIn } from './schema-function.ts';
import { figureColumnName } from './targets.ts';
import { columnsNamed } from './tree.ts';

interface Table {
  relation: Omit<CatalogRelation, 'columns' | 'uniqueKeys'>;
  columns: CatalogColumn[];
  uniqueKeys: string[][];
}

export class SchemaFile {
  readonly #tables = new Map<string, Table>();
  readonly #functions: CatalogFunction[] = [];
  readonly #types: { schema: string; name: string; casts: readonly string[] }[] = [];
  readonly #schemas = new Set<string>(['public']);
  readonly #source: Buffer;
  #path: readonly string[] = ['public'];

  /** `source` is the file's text, in UTF-8; view definitions are cut from it. */
  constructor(source: Buffer) {
    this.#source = source;
  }

  objects(): CatalogObjects {
    return {
      schemas: [...this.#schemas],
      relations: [...this.#tables.values()].map((table) => ({
        ...table.relation,
        columns: table.columns,
        uniqueKeys: table.uniqueKeys,
      })),
      functions: this.#functions,
      operators: [],
      types: this.#types,
      typeRows: [],
    };
  }

  /** Takes in one statement; `start` and `end` are its bytes in the file. */
  read(statement: AstNode, start: number, end: number): void {
    const { tag, body } = statement;
    switch (tag) {
      case 'CreateSchemaStmt':
        this.#schemas.add(text(body, 'schemaname') ?? '');
        return;
      case 'VariableSetStmt':
        this.#setPath(body);
        return;
      case 'CreateStmt':
        this.#createTable(body, 'table');
        return;
      case 'CreateForeignTableStmt': {
        const base = struct(body, 'base');
        if (base !== null) this.#createTable(base, 'foreign-table');
        return;
      }
      case 'ViewStmt':
        this.#createView(
          struct(body, 'view'),
          node(body, 'query'),
          nodes(body, 'aliases'),
          'view',
          start,
          end,
        );
        return;
      case 'CreateTableAsStmt': {
        const into = struct(body, 'into');
        if (into === null) return;
        const type = text(body, 'objtype') ?? text(body, 'relkind');
        const kind = type === 'OBJECT_MATVIEW' ? 'materialized-view' : 'table';
        this.#createView(struct(into, 'rel'), node(body, 'query'), nodes(into, 'colNames'), kind, start, end);
        return;
      }
      case 'IndexStmt':
        this.#createIndex(body);
        return;
      case 'RuleStmt': {
        const table = this.#tableOf(struct(body, 'relation'));
        if (table !== null && text(body, 'event') !== 'CMD_SELECT')
          table.relation = { ...table.relation, rewritten: true };
        return;
      }
      case 'AlterTableStmt':
        this.#alterTable(body);
        return;
      case 'CreateFunctionStmt':
        this.#functions.push(functionIn(body, this.#path[0] ?? 'public'));
        return;
      case 'CreateSeqStmt':
        this.#addRelation(struct(body, 'sequence'), 'sequence', null, [])?.columns.push(
          ...['last_value', 'log_cnt', 'is_called'].map((name, n) => column(name, n + 1, 'bigint', true)),
        );
        return;
      case 'CreateDomainStmt':
        this.#addType(names(body, 'domainname'));
        return;
      case 'CreateEnumStmt':
      case 'CreateRangeStmt':
        this.#addType(names(body, 'typeName'));
        return;
      case 'CompositeTypeStmt': {
        const type = struct(body, 'typevar');
        if (type !== null) this.#addType([this.#schemaOf(type), text(type, 'relname') ?? '']);
        return;
      }
      default:
        return;
    }
  }

  #schemaOf(rangeVar: JsonObject): string {
    return text(rangeVar, 'schemaname') ?? this.#path[0] ?? 'public';
  }

  #setPath(body: JsonObject): void {
    if (text(body, 'name') !== 'search_path') return;
    const path = nodes(body, 'args').map((arg) => {
      const constant = struct(arg.body, 'sval');
      return constant === null ? '' : (text(constant, 'sval') ?? '');
    });
    this.#path = path.filter((schema) => schema !== '');
  }

  #addType(path: readonly string[]): void {
    this.#types.push({
      schema: path.at(-2) ?? this.#path[0] ?? 'public',
      name: path.at(-1) ?? '',
      casts: [],
    });
  }

  #addRelation(
    rangeVar: JsonObject | null,
    kind: RelationKind,
    definition: string | null,
    parents: readonly QualifiedName[],
  ): Table | null {
    if (rangeVar === null) return null;
    const { schema, name } = this.#nameOf(rangeVar);
    const table: Table = {
      relation: { schema, name, oid: null, kind, definition, parents, rewritten: false, system: false },
      columns: [],
      uniqueKeys: [],
    };
    this.#schemas.add(schema);
    this.#tables.set(relationKey({ schema, name }), table);
    return table;
  }

  #tableOf(rangeVar: JsonObject | null): Table | null {
    return rangeVar === null ? null : (this.#tables.get(relationKey(this.#nameOf(rangeVar))) ?? null);
  }

  #nameOf(rangeVar: JsonObject): QualifiedName {
    return { schema: this.#schemaOf(rangeVar), name: text(rangeVar, 'relname') ?? '' };
  }

  #createTable(body: JsonObject, kind: RelationKind): void {
    const inherited = nodes(body, 'inhRelations').map((parent) => parent.body);
    const parents = inherited.map((parent) => this.#nameOf(parent));
    const table = this.#addRelation(struct(body, 'relation'), kind, null, parents);
    if (table === null) return;
    for (const parent of inherited) table.columns.push(...(this.#tableOf(parent)?.columns ?? []));
    for (const element of nodes(body, 'tableElts')) {
      if (element.tag === 'ColumnDef') this.#addColumn(table, element.body);
      else if (element.tag === 'TableLikeClause') {
        table.columns.push(...(this.#tableOf(struct(element.body, 'relation'))?.columns ?? []));
      } else if (element.tag === 'Constraint') addKey(table, element.body, null);
    }
  }

  #addColumn(table: Table, body: JsonObject): void {
    const name = text(body, 'colname') ?? '';
    const typeName = struct(body, 'typeName');
    const type = typeName === null ? '' : (names(typeName, 'names').at(-1) ?? '');
    const constraints = nodes(body, 'constraints');
    const notNull = constraints.some((constraint) =>
      ['CONSTR_NOTNULL', 'CONSTR_PRIMARY'].includes(text(constraint.body, 'contype') ?? ''),
    );
    const generated = constraints.find(({ body }) => text(body, 'contype') === 'CONSTR_GENERATED');
    const madeFrom = generated === undefined ? [] : columnsNamed(generated);
    table.columns.push({ ...column(name, table.columns.length + 1, type, notNull), madeFrom });
    for (const constraint of constraints) addKey(table, constraint.body, name);
  }

  #createView(
    rangeVar: JsonObject | null,
    query: AstNode | null,
    aliases: readonly AstNode[],
    kind: RelationKind,
    start: number,
    end: number,
  ): void {
    const statement = this.#source.toString('utf8', start, end);
    const definition = /\bAS\b/i.exec(statement);
    const sql =
      definition === null
        ? ''
        : statement.slice(definition.index + 2).replace(/\bWITH\s+(NO\s+)?DATA\s*$/i, '');
    const table = this.#addRelation(rangeVar, kind, kind === 'table' ? null : sql, []);
    if (table === null || query === null) return;
    this.#viewColumns(query).forEach((name, n) => {
      const alias = aliases[n];
      table.columns.push(column(alias === undefined ? name : stringOf(alias), n + 1, '', false));
    });
  }

  #viewColumns(query: AstNode): readonly string[] {
    const left = struct(query.body, 'larg');
    if (left !== null) return this.#viewColumns({ tag: query.tag, body: left });
    return nodes(query.body, 'targetList').flatMap((target) => {
      const value = node(target.body, 'val');
      if (value?.tag === 'ColumnRef' && nodes(value.body, 'fields').at(-1)?.tag === 'A_Star') {
        return this.#starColumns(query.body);
      }
      return [text(target.body, 'name') ?? (value === null ? '' : figureColumnName(value))];
    });
  }

  #starColumns(body: JsonObject): readonly string[] {
    return nodes(body, 'fromClause').flatMap((item) =>
      item.tag === 'RangeVar' ? (this.#tableOf(item.body)?.columns.map((own) => own.name) ?? []) : [],
    );
  }

  #createIndex(body: JsonObject): void {
    const table = this.#tableOf(struct(body, 'relation'));
    if (table === null || !flag(body, 'unique') || body['whereClause'] !== undefined) return;
    const columns = nodes(body, 'indexParams').map((element) => text(element.body, 'name'));
    if (columns.every((name) => name !== null)) table.uniqueKeys.push(columns);
  }

  #alterTable(body: JsonObject): void {
    const table = this.#tableOf(struct(body, 'relation'));
    if (table === null) return;
    for (const command of nodes(body, 'cmds')) {
      const definition = node(command.body, 'def');
      switch (text(command.body, 'subtype')) {
        case 'AT_AddColumn':
          if (definition?.tag === 'ColumnDef') this.#addColumn(table, definition.body);
          break;
        case 'AT_AddConstraint':
          if (definition?.tag === 'Constraint') addKey(table, definition.body, null);
          break;
        case 'AT_SetNotNull':
          setNotNull(table, text(command.body, 'name') ?? '');
          break;
        case 'AT_AttachPartition':
          this.#attach(table, definition);
          break;
        default:
          break;
      }
    }
  }

  #attach(parent: Table, definition: AstNode | null): void {
    const child = definition === null ? null : this.#tableOf(struct(definition.body, 'name'));
    if (child === null) return;
    const { schema, name } = parent.relation;
    child.relation = { ...child.relation, parents: [...child.relation.parents, { schema, name }] };
  }
}

function column(name: string, number: number, type: string, notNull: boolean): CatalogColumn {
  return { name, number, type, notNull, typeOid: 0, typeModifier: -1, madeFrom: [] };
}

/** PRIMARY KEY and UNIQUE, of a table (`keys`) or of one column. */
function addKey(table: Table, constraint: JsonObject, ownColumn: string | null): void {
  const type = text(constraint, 'contype');
  if (type !== 'CONSTR_PRIMARY' && type !== 'CONSTR_UNIQUE') return;
  const keys = ownColumn === null ? [...names(constraint, 'keys')] : [ownColumn];
  table.uniqueKeys.push(keys);
  if (type === 'CONSTR_PRIMARY') for (const key of keys) setNotNull(table, key);
}

function setNotNull(table: Table, name: string): void {
  table.columns = table.columns.map((own) => (own.name === name ? { ...own, notNull: true } : own));
}
