/** What the demo's agent does by way of an MCP server, and what has to come of it. */
import { denied, SSN } from './scenes.ts';

export interface ToolStep {
  /** One line for the reader, above the call. */
  readonly say: string;
  readonly sql: string;
  /** `denied` names the rule; `approved` the one by which a person has to agree first. */
  readonly expect: 'passes' | { readonly denied: string } | { readonly approved: string };
  readonly without?: RegExp;
}

export interface ToolScene {
  readonly title: string;
  readonly steps: readonly ToolStep[];
}

export const MCP_SCENES: readonly ToolScene[] = [
  {
    title: 'A tool call passes, and what it returns is masked before the model reads it',
    steps: [
      {
        say: 'The policy masks social security numbers and e-mail addresses, by their columns.',
        sql: 'SELECT id, name, ssn, email FROM shop.customers ORDER BY id LIMIT 3',
        expect: 'passes',
        without: SSN,
      },
      {
        say: 'Under another name, and backwards: what is made of a masked value is masked whole.',
        sql: 'SELECT tax_id AS colour, reverse(tax_id) AS animal FROM shop.contact ORDER BY id LIMIT 2',
        expect: 'passes',
        without: SSN,
      },
    ],
  },
  {
    title: 'A denial is a result that says what to do instead, so the agent does it',
    steps: [
      { say: 'Everything.', sql: 'SELECT * FROM shop.orders', expect: denied('bounded-selects') },
      {
        say: 'The agent has read "add a LIMIT".',
        sql: 'SELECT id, status, total FROM shop.orders ORDER BY id LIMIT 3',
        expect: 'passes',
      },
      {
        say: 'The way out of a read-only transaction: the SQL of the argument is parsed, not searched.',
        sql: 'COMMIT; DROP TABLE shop.orders',
        expect: denied('no-destruction'),
      },
    ],
  },
  {
    title: 'What a person has to allow waits for one',
    steps: [
      {
        say: 'A lower price. What the MCP server then sends is held before it reaches Postgres.',
        sql: 'UPDATE shop.products SET price = price * 0.9 WHERE id = 1',
        expect: { approved: 'price-changes' },
      },
    ],
  },
];
