/** What names of columns say, and how findings are written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { CensusTaker } from '../../../src/classify/census.ts';
import { type ClassifiedColumn, classify } from '../../../src/classify/finding.ts';
import { kindByName, wordsOf } from '../../../src/classify/names.ts';
import { columnPattern, proposalOf, proposalYaml } from '../../../src/classify/proposal.ts';
import { type CellType, TEXT } from '../../../src/masking/index.ts';

const NUMBER: CellType = { kind: 'int8' };
const DATE: CellType = { kind: 'date' };

test('names in words', () => {
  for (const [name, words] of [
    ['homePhone2', 'home_phone2'],
    ['Home-Phone', 'home_phone'],
    ['SSNNumber', 'ssn_number'],
    ['téléphone', 'telephone'],
    ['Fødselsdato', 'fodselsdato'],
    ['STRASSE', 'strasse'],
    ['Straße', 'strasse'],
    ['__email__', 'email'],
    ['useremail', 'user_email'],
    ['клиент email', 'клиент_email'],
  ] as const)
    assert.equal(wordsOf(name), words);
});

test('what names say', () => {
  const said = (column: string, type: CellType = TEXT, table = 'things') =>
    kindByName(table, column, type)?.kind.name ?? null;
  const expected: readonly (readonly [string, readonly string[]])[] = [
    [
      'secret',
      [
        'password',
        'userPassword',
        'passwort',
        'api_key',
        'apiKey',
        'reset_token',
        'motDePasse',
        'senha',
        'cvv',
      ],
    ],
    [
      'national-id',
      ['ssn', 'customer_ssn', 'tax_id', 'customer_tax_id', 'steuer_id', 'dni', 'cpf', 'passport_number'],
    ],
    [
      'card',
      [
        'card_number',
        'cardNumber',
        'cc_number',
        'pan',
        'kreditkartennummer',
        'KreditkartenNummer',
        'numero_tarjeta',
      ],
    ],
    ['bank-account', ['iban', 'payout_iban', 'bank_account', 'Kontonummer']],
    [
      'email',
      ['email', 'e_mail', 'EMail', 'email_2', 'billing_email', 'correo', 'courriel', 'contactEmailAddress'],
    ],
    ['phone', ['phone', 'phone1', 'home_phone', 'tel', 'telefon', 'mobile', 'teléfono', 'celular', 'fax']],
    [
      'birth-date',
      ['birth_date', 'dob', 'date_of_birth', 'geburtsdatum', 'fecha_nacimiento', 'date_naissance'],
    ],
    ['ip-address', ['ip', 'client_ip', 'last_login_ip', 'ip_address']],
    ['person-name', ['first_name', 'lastName', 'nachname', 'apellido', 'cardholder']],
    ['street-address', ['street', 'home_address', 'strasse']],
  ];
  for (const [kind, columns] of expected)
    for (const column of columns) assert.equal(said(column), kind, column);
  for (const column of [
    ...[
      'id',
      'name',
      'title',
      'status',
      'price',
      'total',
      'city',
      'country',
      'note',
      'order_id',
      'category',
      'company',
    ],
    ...[
      'email_count',
      'email_template',
      'email_sent_at',
      'phone_type',
      'phone_country',
      'card_type',
      'card_brand',
    ],
    ...[
      'token_type',
      'secret_name',
      'password_hint',
      'password_algorithm',
      'mobile_app_version',
      'mail_server',
    ],
    ...[
      'microphone',
      'automobile',
      'renaissance',
      'shipping',
      'zip',
      'recipe',
      'participant',
      'company_pan_europe_id',
    ],
  ])
    assert.equal(said(column), null, column);
  assert.equal(said('tokens_used', NUMBER), null);
  assert.equal(said('password', NUMBER), null);
  assert.equal(said('email', DATE), null);
  assert.equal(said('dob', DATE), 'birth-date');
  assert.equal(said('phone', { kind: 'array', of: NUMBER, delimiter: ',' }), 'phone');
  assert.equal(said('value', TEXT, 'api_keys'), 'secret');
  assert.equal(said('name', TEXT, 'api_keys'), null);
  assert.equal(said('value', TEXT, 'measures'), null);
});

function found(column: string, values: readonly string[], type: CellType = TEXT, table = 't') {
  const taker = new CensusTaker(type, column);
  for (const value of values) taker.add(value);
  const classified: ClassifiedColumn = { schema: 's', table, column, typeName: 'text', type };
  return classify(classified, taker.census);
}

/** Kind and masker; `detect …`; or null. */
function verdict(column: string, values: readonly string[], type?: CellType): string | null {
  const finding = found(column, values, type);
  if (finding === null) return null;
  if ('kind' in finding) return `${finding.kind.name} ${finding.masker}`;
  return `detect ${finding.counts.map(({ detector }) => detector).join(' ')}`;
}

const times = (count: number, value: string) => Array.from({ length: count }, () => value);

test('what values say, beside names', () => {
  assert.equal(verdict('handle', ['a@b.org', 'c@d.org', 'nobody']), 'email email');
  assert.equal(verdict('handle', ['a@b.org', ...times(9, 'nobody')]), null);
  assert.equal(verdict('handle', [...times(2, 'a@b.org'), ...times(9, 'nobody')]), 'detect email');
  assert.equal(verdict('note', ['pay 4242 4242 4242 4242', ...times(900, 'hello')]), 'detect credit-card');
  // Where a name is of something that detectors know in every form, the values tell what it is.
  assert.equal(verdict('email', times(20, '+49 30 1234567')), 'phone last4');
  assert.equal(verdict('email', times(20, 'weekly')), 'email email');
  assert.equal(verdict('tax_id', times(20, '12/345/67890')), 'national-id last4');
  // Numbers are cards by chance now and then.
  assert.equal(
    verdict('ref', [...times(5, '4242424242424242'), ...times(15, '4242424242424241')], NUMBER),
    null,
  );
  assert.equal(verdict('ref', times(20, '4242424242424242'), NUMBER), 'card last4');
  assert.equal(verdict('ref', times(3, '4242424242424242'), NUMBER), null);
  assert.equal(verdict('ssn', times(3, '123456789'), { kind: 'int4' }), 'national-id last4');
  assert.equal(verdict('version', times(20, '10.0.0.1')), null);
  assert.equal(verdict('host', times(20, '10.0.0.1')), 'ip-address redact');
  assert.equal(verdict('empty', ['', ' ']), null);
});

test('a masker that can mask the type', () => {
  assert.equal(verdict('dob', ['1980-01-02', '1990-01-02']), 'birth-date year');
  assert.equal(verdict('dob', ['1980-01-02', '2 May 1990']), 'birth-date redact');
  assert.equal(verdict('dob', [], DATE), 'birth-date year');
  assert.equal(verdict('token', [], { kind: 'unknown' }), 'secret null');
  assert.equal(verdict('email', [], { kind: 'jsonb' }), 'email email');
  assert.equal(verdict('email', [], { kind: 'unknown' }), 'email null');
  const mail = { kind: 'array', of: TEXT, delimiter: ',' } as const;
  assert.equal(verdict('contacts', ['{a@b.org,"c@d.org"}', '{}', '{NULL,e@f.org}'], mail), 'email email');
  assert.equal(verdict('contacts', ['{{a@b.org},{call me at c@d.org}}', '{x}'], mail), 'email email');
});

test('as YAML: quotes, escapes, evidence; the masker null is not the null of YAML', () => {
  const masks = proposalOf([
    found('x"y.a\nb\u0085c', ['a@b.org']),
    found('email', times(20, 'weekly'), TEXT, 'we ird'),
    found('token', [], { kind: 'unknown' }),
    found('note', ['call a@b.org', ...times(3, 'x'), 'or c@d.org'], TEXT, 'tick\nets'),
    null,
  ]);
  const yaml = proposalYaml(masks);
  assert.equal(
    yaml,
    `masks:
  # a password, token or key
  - columns:
      # text; its name says so
      - "s.t.token"
    with: "null"
  # an e-mail address
  - columns:
      # text; its name says so; but none of 20 sampled values looks like email: have a look
      - "s.\\"we ird\\".email"
      # text; the only sampled value looks like email
      - "s.t.\\"x\\"\\"y.a\\nb\\u0085c\\""
    with: email
  # found in values that hold other things as well, which a mask of the column would hide
  #   s."tick\u{fffd}ets".note (text): 40% of 5 sampled values hold email
  - detect: [email]
    with: redact
`,
  );
  const columns = ['s."we ird".email', 's.t."x""y.a\nb\u0085c"'];
  assert.deepEqual(parse(yaml), {
    masks: [
      { columns: ['s.t.token'], with: 'null' },
      { columns, with: 'email' },
      { detect: ['email'], with: 'redact' },
    ],
  });
  assert.equal(columnPattern({ schema: 'a.b', table: 'c"d', column: 'e f' }), '"a.b"."c""d"."e f"');
  assert.equal(proposalYaml([]), 'masks: []\n');
});
