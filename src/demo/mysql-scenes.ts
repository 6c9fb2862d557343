/** What the demo's agent does, and what has to come of it: on MySQL and MariaDB. */
import { denied, type Scene, SSN } from './scenes.ts';

export const MYSQL_SCENES: readonly Scene[] = [
  {
    title: 'What agents do all day passes',
    steps: [
      {
        say: 'Some customers in Portugal. The statement says how many rows it wants.',
        sql: "SELECT id, name, city FROM shop.customers WHERE country = 'PT' ORDER BY id LIMIT 5",
        expect: 'passes',
      },
      {
        say: 'A sum is one row by its nature, so it needs no LIMIT. The value comes as a parameter.',
        sql: 'SELECT count(*) AS orders, sum(total) AS revenue FROM shop.orders WHERE status = ?',
        values: ['paid'],
        expect: 'passes',
      },
    ],
  },
  {
    title: 'What they must not do is denied, with an error as the server itself would send it',
    steps: [
      { say: 'A tidy-up.', sql: 'DROP TABLE shop.orders', expect: denied('no-destruction') },
      {
        say: 'A comment to everyone but the server, which runs what stands in it.',
        sql: '/*!50000 DROP TABLE shop.orders */',
        expect: denied('no-destruction'),
      },
      { say: 'Everything.', sql: 'SELECT * FROM shop.customers', expect: denied('bounded-selects') },
      {
        say: 'Everything again, with a limit for a part of it.',
        sql: 'SELECT * FROM shop.customers UNION ALL (SELECT * FROM shop.customers LIMIT 1)',
        expect: denied('bounded-selects'),
      },
      {
        say: 'Some of it as a file on the server. Files are denied by a rule that is built in.',
        sql: "SELECT * FROM shop.customers LIMIT 10 INTO OUTFILE '/tmp/customers'",
        expect: denied('baseline/server-files'),
      },
      {
        say: 'A WHERE that restricts nothing.',
        sql: 'UPDATE shop.products SET price = 0 WHERE 1 = 1',
        expect: denied('writes-need-a-where'),
      },
      {
        say: 'A limit is no WHERE.',
        sql: 'DELETE FROM shop.payments ORDER BY id LIMIT 100000',
        expect: denied('writes-need-a-where'),
      },
      {
        say: 'SQL that is put together while it runs cannot be read beforehand. Built in as well.',
        sql: 'PREPARE tidy_up FROM @statement',
        expect: denied('baseline/dynamic-sql'),
      },
      {
        say: 'What others are running right now, with their values. Built in.',
        sql: 'SELECT user, info FROM information_schema.PROCESSLIST LIMIT 10',
        expect: denied('baseline/leak-catalogs'),
      },
      {
        say: 'Something harmless in front.',
        sql: 'SELECT 1; DROP TABLE shop.customers',
        expect: denied('no-destruction'),
      },
    ],
  },
  {
    title: 'Masked columns come out masked, whatever the SQL',
    steps: [
      {
        say: 'The policy masks social security numbers and e-mail addresses, by their columns.',
        sql: 'SELECT id, name, ssn, email FROM shop.customers ORDER BY id LIMIT 3',
        expect: 'passes',
        without: SSN,
      },
      {
        say: 'Under another name, through a view, backwards: what is made of a masked value is masked whole.',
        sql: 'SELECT tax_id AS colour, reverse(tax_id) AS animal FROM shop.contact ORDER BY id LIMIT 2',
        expect: 'passes',
        without: SSN,
      },
      {
        say: 'Asking until it is guessed.',
        sql: "SELECT count(*) FROM shop.customers WHERE ssn LIKE '25%'",
        expect: denied('mask shop.customers.ssn, *.*.card_number'),
      },
      {
        say: 'Putting it where nobody masks it.',
        sql: 'UPDATE shop.orders o JOIN shop.customers c ON c.id = o.customer_id SET o.note = c.ssn WHERE o.id = 17',
        expect: denied('mask shop.customers.ssn, *.*.card_number'),
      },
    ],
  },
  {
    title: 'Rows are counted as they stream, and a result over its limit is cut, never silently',
    steps: [
      {
        say: 'It asks for 5,000 rows, which is a bound; the policy gives agents 500.',
        sql: 'SELECT id, customer_id, total, placed_at FROM shop.orders ORDER BY id LIMIT 5000',
        expect: { cut: 'big-results' },
      },
    ],
  },
  {
    title: 'A denial breaks nothing: the transaction around it goes on',
    steps: [
      { say: '', sql: 'BEGIN', expect: 'passes' },
      { say: '', sql: "UPDATE shop.orders SET note = 'seen by the agent' WHERE id = 17", expect: 'passes' },
      { say: '', sql: 'DELETE FROM shop.order_items', expect: denied('writes-need-a-where') },
      { say: '', sql: 'SELECT id, status, note FROM shop.orders WHERE id = 17', expect: 'passes' },
      { say: '', sql: 'COMMIT', expect: 'passes' },
    ],
  },
];
