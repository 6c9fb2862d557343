/** Tools that search the journal. What they show is what it has: results as clients saw them, masked. */
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import {
  type RecordedStatementInfo,
  recordedStatement,
  recordingSchema,
  searchSchema,
  sessionPageSchema,
} from '../wire.ts';
import { fitting, shortened } from './pages.ts';
import { findStatements, statementQuerySchema } from './statement-search.ts';
import { type Tool, tool } from './tool.ts';

const SESSIONS_MAX = 50;
const STATEMENTS_MAX = 100;

export const JOURNAL_TOOLS: readonly Tool[] = [
  tool({
    name: 'search_sessions',
    title: 'Recorded sessions',
    description:
      'Sessions in the journal, newest first, by principal ("user"), listener, rule that matched, table that was touched, time, words of a statement. Each with how many statements, denials, rows and bytes it had.',
    input: searchSchema.omit({ denied: true, limit: true }).extend({
      denied: z.boolean().default(false).describe('only sessions in which something was denied'),
      limit: z.number().int().min(1).max(SESSIONS_MAX).default(20),
    }),
    output: sessionPageSchema,
    run: async ({ denied, ...rest }, { recordings }) =>
      recordings.search(searchSchema.parse({ ...rest, denied: denied ? 'true' : undefined })),
  }),
  tool({
    name: 'get_session',
    title: 'One recorded session',
    description:
      'A recorded session statement by statement: the text, what the policy said and by which rule, rows and bytes that came back. With "responses" also what the client got to see, where that is recorded.',
    input: z.strictObject({
      id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
      from: z.number().int().min(0).default(0).describe('the number of the statement to begin with'),
      limit: z.number().int().min(1).max(STATEMENTS_MAX).default(50),
      responses: z.boolean().default(false),
    }),
    output: recordingSchema,
    run: async ({ id, from, limit, responses }, { recordings }) => {
      const found = await recordings.get(id, from, limit);
      if (found === null) throw new Refusal(404, `The journal has no session "${id}".`);
      const all = found.statements.map((statement) => brief(statement, responses));
      const statements = fitting(all);
      const left = all[statements.length];
      return { session: found.session, statements, next: left === undefined ? found.next : left.number };
    },
  }),
  tool({
    name: 'search_statements',
    title: 'Recorded statements',
    description:
      'Statements in the journal, session by session, the newest session first: by principal ("user"), table, rule, verdict, time, words of the text. Only a stretch of the journal is read for each call, so a page can be empty and still have a "next".',
    input: statementQuerySchema,
    output: z.object({
      statements: z
        .array(
          recordedStatement
            .omit({ responses: true })
            .extend({ session: z.string(), user: z.string().nullable() }),
        )
        .readonly(),
      next: z.string().nullable().describe('give it as "after" for the next page; null: there is none'),
    }),
    run: async (given, { recordings }) => findStatements(given, recordings),
  }),
];

function brief(statement: RecordedStatementInfo, withResponses: boolean): RecordedStatementInfo {
  return {
    ...statement,
    text: shortened(statement.text),
    responses: withResponses ? statement.responses : [],
  };
}
