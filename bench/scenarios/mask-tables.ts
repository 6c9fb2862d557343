/** The rows that masking is measured on, and what is masked of them. */

/** Rows of eight columns, about 190 bytes each on the wire: 115 MB. Five columns are text. */
export const PEOPLE_ROWS = 600_000;
export const PEOPLE_TABLE = `CREATE TABLE bench_people AS
  SELECT n AS id, 'Customer Number ' || n AS name, 'someone.' || n || '@example.com' AS email,
         lpad((100 + n % 500)::text, 3, '0') || '-' || lpad((10 + n % 89)::text, 2, '0') || '-' ||
           lpad((1000 + n % 8999)::text, 4, '0') AS ssn,
         (ARRAY['Berlin', 'Zürich', 'San Francisco', 'Århus', 'Kyoto'])[1 + n % 5] AS city,
         'ordered ' || n % 7 || ' of item ' || n % 9973 || ', asked for a call before it is sent' AS note,
         (n::bigint * 7919 % 100000)::int AS cents, timestamp '2026-01-01' + n * interval '1 second' AS at
  FROM generate_series(1, ${PEOPLE_ROWS}) AS n`;

const COLUMNS = 'id, name, email, ssn, city, note, cents, at';
export const PEOPLE_SQL = `SELECT ${COLUMNS} FROM bench_people LIMIT ${PEOPLE_ROWS}`;

/** Nine times the table are a GB. */
export function peopleTimes(times: number): string {
  return `SELECT ${COLUMNS} FROM bench_people CROSS JOIN generate_series(1, ${times}) LIMIT ${times * PEOPLE_ROWS}`;
}

/** Two columns of the eight, and one of pgbench's that its script does not read. */
export const COLUMN_MASKS = `masks:
  - { columns: ["public.bench_people.ssn"], with: last4 }
  - { columns: ["public.bench_people.email"], with: email }
  - { columns: ["public.pgbench_accounts.filler"], with: redact }
`;

/** Every detector, over every column that can hold what it looks for. */
export const DETECTED_MASKS = `masks:
  - detect: [credit-card, us-ssn, iban, email, phone, ip, jwt, private-key, vendor-key]
    with: redact
`;
