/**
 * Policy tests (`sluice test`): a statement, who sends it, and what the policy has to say of it.
 *
 *   policy: policy.yaml
 *   schema: shop.sql
 *   groups: [agents]
 *   tests:
 *     - name: nobody drops tables
 *       sql: DROP TABLE shop.orders
 *       expect: deny
 *       rule: no-destruction
 */
import { z } from 'zod';
import { type LocatedDocument, readYaml } from '../core/yaml-document.ts';
import { parseNetwork } from './matchers/clients.ts';

const moment = z.string().refine((written) => !Number.isNaN(Date.parse(written)), {
  message: 'expected a time such as 2026-03-01T09:30:00Z',
});

const client = z.string().refine((written) => parseNetwork(written) !== null && !written.includes('/'), {
  message: 'expected an address such as 10.1.2.3',
});

/** Who sends it and when: at the top of the file for every test, or in a test for that one. */
const sender = {
  user: z.string().min(1).optional().describe('The name of the principal.'),
  groups: z.array(z.string().min(1)).optional().describe('The groups that it is in.'),
  listener: z.string().min(1).optional().describe('The listener that it comes by.'),
  client: client.optional().describe('The address that it comes from.'),
  at: moment.optional().describe('When it comes, for rules with `at`.'),
};

const parameter = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'expected text, a number, true, false or null',
});

const testSchema = z.strictObject({
  name: z.string().min(1).optional().describe('What is shown of it; the SQL if there is none.'),
  ...sender,
  sql: z.string().min(1).describe('A statement, or several as one batch.'),
  params: z.array(parameter).default([]).describe('Values for $1, $2 and so on.'),
  expect: z
    .enum(['allow', 'deny', 'approve'])
    .describe('The verdict; `approve`: it is held until somebody has approved it.'),
  rule: z
    .string()
    .min(1)
    .optional()
    .describe('The rule that has to deny it; with `expect: allow` or `approve`, one that has to match.'),
});

const VERSION = 'expected 13 to 18 for Postgres, or a version of MySQL or MariaDB such as 8.4 or "10.11.6"';

/** YAML reads 8.4 as a number; a version with three parts is text. */
const serverVersion = z
  .union([z.number(), z.string()], { error: VERSION })
  .refine((version) => /^(?:1[3-8]|\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)$/.test(String(version)), {
    message: VERSION,
  });

export const testFileSchema = z.strictObject({
  policy: z.string().min(1).describe('The policy file, relative to this one.'),
  schema: z.string().min(1).optional().describe('A schema file, relative to this one.'),
  dialect: z
    .enum(['postgres', 'mysql', 'mariadb'])
    .default('postgres')
    .describe('The kind of server that statements and schema are written for.'),
  serverVersion: serverVersion
    .optional()
    .describe('13 to 18 for Postgres, such as 8.4 or 10.11 for MySQL and MariaDB; the newest if not given.'),
  searchPath: z
    .array(z.string().min(1))
    .optional()
    .describe('Where unqualified names are looked up; for MySQL and MariaDB the one current database.'),
  ...sender,
  tests: z.array(testSchema).min(1),
});

export type TestFile = z.output<typeof testFileSchema>;
export type PolicyTest = TestFile['tests'][number];

/** Throws ProblemsError with every problem in the file. */
export function readTestFile(file: string, text: string): LocatedDocument<TestFile> {
  return readYaml(file, text, testFileSchema);
}
