/** Which arguments of an MCP server's tools are SQL, and the listener whose rules that SQL is judged by. */
import { z } from 'zod';
import { pointerTokens } from '../json/index.ts';
import { listenerName } from './listener-fields.ts';

export const mcpSql = z
  .strictObject({
    listener: listenerName.describe(
      'The listener of Postgres or MySQL in front of the database that the server uses.',
    ),
    arguments: z
      .array(
        z.strictObject({
          tool: z.string().min(1).describe('`*` stands for any characters.'),
          argument: z
            .string()
            .refine((pointer) => pointerTokens(pointer) !== null, {
              message: 'expected a JSON pointer such as /sql or /statements/*/sql',
            })
            .describe('A JSON pointer to SQL text, or to a list of texts; `*` stands for every item.'),
        }),
      )
      .default([]),
    known: z
      .boolean()
      .default(true)
      .describe('Whether tools that are called as those of known servers take SQL where those do.'),
  })
  .describe('SQL in arguments of tools: judged by the rules on SQL, before the server is called.');

export type McpSqlConfig = z.output<typeof mcpSql>;
