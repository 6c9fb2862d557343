import { editDistance } from '../core/nearest.ts';

/** The verbs that facts can have as `kind`, so that a rule about a statement that does not exist is an error. */
const VERBS = `
  SELECT|SELECT INTO|INSERT|UPDATE|DELETE|MERGE|COPY|EXPLAIN|PREPARE|EXECUTE|DEALLOCATE|DECLARE CURSOR|FETCH|MOVE
  |CLOSE CURSOR|BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PREPARE TRANSACTION|COMMIT PREPARED
  |ROLLBACK PREPARED|SET|SET TRANSACTION|SET CONSTRAINTS|RESET|SHOW|DISCARD ALL|DISCARD PLANS|DISCARD SEQUENCES
  |DISCARD TEMP|CALL|DO|LOCK TABLE|TRUNCATE TABLE|VACUUM|ANALYZE|CLUSTER|REINDEX|CHECKPOINT|LOAD|COMMENT
  |SECURITY LABEL|GRANT|GRANT ROLE|REVOKE|REVOKE ROLE|REASSIGN OWNED|LISTEN|UNLISTEN|NOTIFY
  |REFRESH MATERIALIZED VIEW|IMPORT FOREIGN SCHEMA`;

const OBJECTS = `
  ACCESS METHOD|AGGREGATE|CAST|COLLATION|CONVERSION|DATABASE|DEFAULT PRIVILEGES|DOMAIN|EVENT TRIGGER|EXTENSION
  |FOREIGN DATA WRAPPER|FOREIGN TABLE|FUNCTION|INDEX|LANGUAGE|MATERIALIZED VIEW|OPERATOR|OPERATOR CLASS
  |OPERATOR FAMILY|OWNED|POLICY|PROCEDURE|PUBLICATION|ROLE|ROUTINE|RULE|SCHEMA|SEQUENCE|SERVER|STATISTICS
  |SUBSCRIPTION|SYSTEM|TABLE|TABLE AS|TABLESPACE|TEXT SEARCH CONFIGURATION|TEXT SEARCH DICTIONARY
  |TEXT SEARCH PARSER|TEXT SEARCH TEMPLATE|TRANSFORM|TRIGGER|TYPE|USER MAPPING|VIEW`;

function list(text: string): readonly string[] {
  return text.split('|').map((word) => word.trim().replaceAll(/\s+/g, ' '));
}

const ALL: ReadonlySet<string> = new Set([
  ...list(VERBS),
  ...['CREATE', 'ALTER', 'DROP'].flatMap((verb) => list(OBJECTS).map((object) => `${verb} ${object}`)),
]);

/** A verb, or the first words of some. */
export function isKnownVerb(word: string): boolean {
  const verb = word.trim().replaceAll(/\s+/g, ' ').toUpperCase();
  if (verb === '') return false;
  for (const known of ALL) if (known === verb || known.startsWith(`${verb} `)) return true;
  return false;
}

/** The nearest verb, where one differs by a letter or two. */
export function suggestVerb(word: string): string | null {
  const wanted = word.trim().toUpperCase();
  const words = new Set([...ALL].flatMap((verb) => [verb, verb.split(' ')[0] ?? verb]));
  let best: string | null = null;
  let bestDistance = 3;
  for (const verb of words) {
    const distance = editDistance(wanted, verb);
    if (distance < bestDistance) {
      best = verb.toLowerCase();
      bestDistance = distance;
    }
  }
  return best;
}
