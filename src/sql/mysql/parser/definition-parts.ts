import type { ColumnDefinition, DefinitionStatement, Expression, Query, TableName } from '../ast.ts';

/** What a definition's productions find, put together as they go. */
export class DefinitionParts {
  object: string | null = null;
  tables: TableName[] = [];
  refers: TableName[] = [];
  temporary = false;
  orReplace = false;
  ifExists = false;
  destroys = false;
  columns: ColumnDefinition[] = [];
  query: Query | null = null;
  hasBody = false;
  files = false;
  engine: string | null = null;
  alters: string[] = [];
  renames: string[] = [];
  stores: Expression[] = [];
  compares: Expression[] = [];

  statement(kind: string): DefinitionStatement {
    const { object, tables, refers, temporary, orReplace, ifExists, destroys, columns, query } = this;
    const { hasBody, files, engine, alters, renames, stores, compares } = this;
    return {
      is: 'definition',
      kind,
      object,
      tables,
      refers,
      temporary,
      orReplace,
      ifExists,
      destroys,
      columns,
      query,
      hasBody,
      files,
      engine,
      alters,
      renames,
      stores,
      compares,
    };
  }
}
