/** A catalog from a schema file instead of a server, for whoever has none at hand. */
import { readTextFile } from '../config/load.ts';
import { ProblemsError } from '../core/problem.ts';
import {
  Catalog,
  catalogFromSchemaFile,
  EMPTY_OBJECTS,
  PARSER_MAJORS,
  type ParserMajor,
  SchemaSyntaxError,
  type StatementReader,
} from '../sql/index.ts';
import { UsageError } from './command.ts';

export const NEWEST: ParserMajor = 18;

/** The version that an option or key names; the newest where it names none. */
export function serverVersionOf(written: string | undefined): ParserMajor {
  if (written === undefined) return NEWEST;
  const major = PARSER_MAJORS.find((candidate) => String(candidate) === written.trim());
  if (major !== undefined) return major;
  throw new UsageError(`--server-version is one of ${PARSER_MAJORS.join(', ')}, not "${written}"`);
}

/** Reads a schema file; throws ProblemsError saying where the server's grammar stopped. */
export function readSchemaFile(file: string, reader: StatementReader): Catalog {
  const text = readTextFile(file);
  try {
    return catalogFromSchemaFile(text, reader);
  } catch (error) {
    const offset = error instanceof SchemaSyntaxError ? error.offset : 0;
    // The grammar counts in code points, as the server does.
    const before = [...text].slice(0, offset).join('');
    const line = before.split('\n').length;
    const column = before.length - before.lastIndexOf('\n');
    const what = error instanceof Error ? error.message : String(error);
    const version = `version ${reader.parser.major}'s grammar`;
    throw new ProblemsError([{ file, line, column, key: '', message: `${what} (by ${version})` }]);
  }
}

/** What every server of that version has, and nothing of anyone's own. */
export function bareCatalog(major: ParserMajor): Catalog {
  return new Catalog(major, EMPTY_OBJECTS, 1);
}

/** The schemas that a session searches where nobody says otherwise: `"$user", public` (postgresql.conf's default). */
export function defaultSearchPath(catalog: Catalog, role: string | null): readonly string[] {
  const own = role !== null && catalog.schemas.has(role) ? [role] : [];
  return ['pg_catalog', ...own, 'public'];
}
