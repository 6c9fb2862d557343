/**
 * Session state in OK packets, in MySQL's form and MariaDB's, and the statement by which Sluice has it sent.
 */
import { PayloadReader } from './payload-reader.ts';
import type { Flavour } from './server-version.ts';

/** https://dev.mysql.com/doc/dev/mysql-server/latest/mysql__com_8h.html (enum_session_state_type) */
const TYPE = { systemVariables: 0, schema: 1, stateChange: 2 } as const;

/** What one OK packet says has changed. */
export interface SessionChanges {
  /** Null where it has not; '' where no schema is selected any more. */
  readonly schema: string | null;
  /** Names in lower case, values as the server writes them; one of NULL is ''. */
  readonly variables: ReadonlyMap<string, string>;
}

export const NO_CHANGES: SessionChanges = { schema: null, variables: new Map() };

/**
 * Reads the session state information: entries of a type, a length and data. Types that do not concern the reading of
 * statements (transactions, GTIDs, user variables, what a later version adds) are stepped over by their length.
 * Throws MalformedBytes.
 */
export function readSessionState(bytes: Buffer, start: number, end: number): SessionChanges {
  const reader = new PayloadReader(bytes, start, end);
  const variables = new Map<string, string>();
  let schema: string | null = null;
  while (reader.remaining > 0) {
    const type = reader.u8('type of session state');
    const size = reader.length('session state');
    const from = reader.offset;
    reader.skip(size, 'session state');
    if (type === TYPE.schema) {
      const data = new PayloadReader(bytes, from, from + size);
      schema = data.lengthText('schema');
      data.expectEnd('schema');
    } else if (type === TYPE.systemVariables) readVariables(bytes, from, from + size, variables);
  }
  return { schema, variables };
}

/** MariaDB puts several variables into one entry, MySQL each into its own. */
function readVariables(bytes: Buffer, start: number, end: number, into: Map<string, string>): void {
  const reader = new PayloadReader(bytes, start, end);
  while (reader.remaining > 0) {
    const name = reader.lengthText('name of a variable').toLowerCase();
    const value = reader.ahead === NULL_VALUE ? readNull(reader) : reader.lengthText('value of a variable');
    into.set(name, value);
  }
}

const NULL_VALUE = 0xfb;

function readNull(reader: PayloadReader): string {
  reader.skip(1, 'NULL');
  return '';
}

/** Settings on which the reading of statements or of results depends. */
const TRACKED = [
  'autocommit',
  'character_set_client',
  'character_set_connection',
  'character_set_results',
  'collation_connection',
  'session_track_schema',
  'session_track_system_variables',
  'sql_auto_is_null',
  'sql_mode',
  'sql_select_limit',
  'time_zone',
] as const;
const TRACKED_BY: Readonly<Record<Flavour, readonly string[]>> = {
  mysql: [...TRACKED],
  mariadb: [...TRACKED, 'old_mode', 'sql_quote_show_create'],
};

/** What `preparation` does with the character set of results. */
export type ResultsCharset = 'set' | 'kept';

/**
 * Kept where the state in a server's first OK has it as utf8mb4, as MariaDB 11 tells it: naming the character set would
 * have MariaDB describe columns with its first collation, in place of the one that was agreed on with the client.
 */
export function resultsCharset(flavour: Flavour, state: Buffer): ResultsCharset {
  const { variables } = readSessionState(state, 0, state.length);
  return flavour === 'mariadb' && variables.get('character_set_results') === 'utf8mb4' ? 'kept' : 'set';
}

/** As long as a request for approval may be open. */
const PATIENCE_SECONDS = 604_800;

/**
 * The statement that makes a session of the server's one that can be followed, to be run before the client's first
 * and after everything that resets a session (COM_RESET_CONNECTION, COM_CHANGE_USER). Its OK packet reports each
 * setting as it stands: the assignments of a setting to itself are there for that. `collation`: by number, the one of
 * utf8mb4 that the client has asked for and columns are described with; null for the server's own. `begins`: it becomes
 * that of literals too, as at a login. MariaDB takes no numbers, and keeps literals' collation when it is reset.
 * `isPatient`: results may stand still while people decide on them; the server would end the session after a minute.
 */
export function preparation(
  flavour: Flavour,
  collation: number | null,
  begins: boolean,
  results: ResultsCharset,
  isPatient: boolean,
): string {
  const names = TRACKED_BY[flavour];
  const numbered = flavour === 'mysql' ? collation : null;
  const charset = numbered ?? 'utf8mb4';
  const literals = begins && numbered !== null ? numbered : '@@SESSION.collation_connection';
  const itself = names.filter(
    (name) => !name.startsWith('character_set_') && !name.startsWith('session_track_'),
  );
  return [
    `SET SESSION session_track_system_variables = '${names.join(',')}'`,
    'SESSION session_track_schema = ON',
    `character_set_client = ${charset}`,
    ...(results === 'set' ? [`character_set_results = ${charset}`] : []),
    ...itself.map(
      (name) => `SESSION ${name} = ${name === 'collation_connection' ? literals : `@@SESSION.${name}`}`,
    ),
    ...(isPatient ? [`SESSION net_write_timeout = ${PATIENCE_SECONDS}`] : []),
  ].join(', ');
}
