/** What is worth masking: how columns that hold it are called, which detectors find it, which maskers suit it. */
import type { DetectorName, MaskerName, ScalarKind } from '../masking/index.ts';

type BaseKind = ScalarKind | 'text' | 'numeric' | 'integer' | 'bytes' | 'composite';

export interface Kind {
  readonly name: string;
  /** For people: what a column of the kind holds. */
  readonly title: string;
  /**
   * Names of columns, as words in a row (`card_number`), anywhere in a name of such words. Several languages; lower
   * case, without accents.
   */
  readonly names: readonly string[];
  /** Types, under domains and arrays, that a name is believed on. */
  readonly types: readonly BaseKind[];
  readonly detectors: readonly DetectorName[];
  /** Whether the detectors know every form of it, so that a value in which nothing is found is none of it. */
  readonly surelyDetected: boolean;
  /** Without options; the first that can mask the column's type is proposed. */
  readonly maskers: readonly MaskerName[];
}

function words(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(' '));
}

const TEXTS = ['text', 'json', 'jsonb', 'composite', 'unknown'] as const;
const NUMBERS = ['int4', 'int8', 'integer', 'numeric', 'float8'] as const;
const BLOBS = ['bytea', 'bytes', 'uuid'] as const;

/** In the order in which names and values are tried, and in which the proposal lists them. */
export const KINDS: readonly Kind[] = [
  {
    name: 'secret',
    title: 'a password, token or key',
    names: words(
      'password passwd pwd passphrase passcode pass_phrase pass_word pass_hash pw_hash passwort',
      'kennwort mot_de_passe motdepasse mdp contrasena contrasenia clave_secreta senha',
      'parola_d_ordine wachtwoord losenord passord adgangskode haslo salasana heslo secret',
      'secrets geheimnis token jeton api_key apikey private_key privatekey access_key accesskey',
      'secret_key signing_key encryption_key master_key ssh_key credential credentials otp totp',
      'mfa_seed recovery_code recovery_codes backup_codes security_answer session_cookie',
      'auth_cookie cvv cvc cvv2 cvc2 csc card_pin',
    ),
    types: [...TEXTS, ...BLOBS],
    detectors: ['vendor-key', 'jwt', 'private-key'],
    surelyDetected: false,
    maskers: ['redact', 'null'],
  },
  {
    name: 'national-id',
    title: 'a national identity or tax number',
    names: words(
      'ssn social_security social_security_number socialsecurity sozialversicherungsnummer',
      'tax_id taxid tax_number taxpayer_id tin itin steuer_id steuerid steuernummer national_id',
      'national_insurance nino identity_number personal_id_number personalausweis passport',
      'passport_no passport_number reisepass passeport pasaporte passaporto driver_license',
      'drivers_license driving_licence license_number_driver fuehrerschein',
      'numero_securite_sociale secu nir insee_nir dni nie nif curp cpf cnpj codice_fiscale bsn',
      'burgerservicenummer personnummer fodselsnummer cpr_nummer hetu pesel rodne_cislo aadhaar',
      'aadhar medicare_number nhs_number',
    ),
    types: [...TEXTS, ...NUMBERS],
    detectors: ['us-ssn'],
    surelyDetected: false,
    maskers: ['last4', 'redact', 'null'],
  },
  {
    name: 'card',
    title: 'a payment card number',
    names: words(
      'card_number cardnumber card_no card_num cardno card_pan pan credit_card creditcard',
      'debit_card cc_number cc_num ccnum ccnumber cc_no kreditkarte kreditkartennummer',
      'kartennummer carte_bancaire carte_bleue numero_carte numero_de_carte numero_tarjeta',
      'tarjeta_credito tarjeta_de_credito numero_cartao cartao_credito carta_di_credito',
      'creditcardnummer kortnummer numer_karty',
    ),
    types: [...TEXTS, ...NUMBERS],
    detectors: ['credit-card'],
    surelyDetected: true,
    maskers: ['last4', 'redact', 'null'],
  },
  {
    name: 'bank-account',
    title: 'a bank account number',
    names: words(
      'iban bank_account bank_account_number bankaccount account_number_bank bank_acct',
      'kontonummer bankverbindung compte_bancaire numero_compte cuenta_bancaria conta_bancaria',
      'conto_corrente rekeningnummer clabe numer_konta',
    ),
    types: [...TEXTS, ...NUMBERS],
    detectors: ['iban'],
    surelyDetected: false,
    maskers: ['last4', 'redact', 'null'],
  },
  {
    name: 'email',
    title: 'an e-mail address',
    names: words(
      'email emails e_mail mail mail_address email_address emailaddress mailadresse courriel',
      'adresse_mail correo correo_electronico posta_elettronica epost e_post sahkoposti',
    ),
    types: TEXTS,
    detectors: ['email'],
    surelyDetected: true,
    maskers: ['email', 'redact', 'null'],
  },
  {
    name: 'phone',
    title: 'a telephone number',
    names: words(
      'phone phones phone_number phonenumber telephone tel tel_no mobile mobile_number',
      'mobile_phone cell_phone cellphone cell_number fax fax_number msisdn whatsapp telefon',
      'telefonnummer handy handynummer mobilfunk mobilnummer rufnummer telefono movil celular',
      'telefone telemovel cellulare telefoon telefoonnummer puhelin',
    ),
    types: [...TEXTS, ...NUMBERS],
    detectors: ['phone'],
    surelyDetected: false,
    maskers: ['last4', 'redact', 'null'],
  },
  {
    name: 'birth-date',
    title: 'a date of birth',
    names: words(
      'birth birthday birthdate birth_date date_of_birth dob born born_on geburtstag',
      'geburtsdatum geboren naissance nacimiento nascimento nascita geboortedatum fodselsdato',
      'fodselsdag fodelsedatum syntymaaika data_urodzenia urodzenia',
    ),
    types: ['date', 'timestamp', 'timestamptz', ...TEXTS],
    detectors: [],
    surelyDetected: false,
    maskers: ['year', 'redact', 'null'],
  },
  {
    name: 'ip-address',
    title: 'the address of a host',
    names: words('ip ip_addr ip_address ipaddress client_ip remote_addr ip_adresse adresse_ip direccion_ip'),
    types: ['inet', 'cidr', ...TEXTS],
    detectors: ['ip'],
    surelyDetected: true,
    maskers: ['redact', 'null'],
  },
  {
    name: 'person-name',
    title: 'the name of a person',
    names: words(
      'first_name firstname last_name lastname middle_name full_name fullname surname',
      'given_name family_name maiden_name forename cardholder card_holder holder_name vorname',
      'nachname familienname geburtsname prenom nom_de_famille apellido apellidos sobrenome',
      'cognome achternaam voornaam fornamn efternamn etternavn nazwisko imie',
    ),
    types: ['text'],
    detectors: [],
    surelyDetected: false,
    maskers: ['first1', 'redact', 'null'],
  },
  {
    name: 'street-address',
    title: 'a postal address',
    names: words(
      'street street_address address_line address_line1 address_line_1 address1 home_address',
      'postal_address mailing_address strasse anschrift rue domicilio direccion_postal endereco',
      'indirizzo straatnaam',
    ),
    types: ['text', 'json', 'jsonb', 'unknown'],
    detectors: [],
    surelyDetected: false,
    maskers: ['redact', 'null'],
  },
];

/** A name that ends in one of these says something about what it names, and does not hold it. */
export const ABOUT: ReadonlySet<string> = new Set(
  words(
    'id ids count counter total limit usage budget type kind status state flag at on date time',
    'expiry expires expiration expire ttl age length size verified confirmed valid validated enabled',
    'sent required optin consent attempts format pattern policy template subject body label title',
    'version frequency preference preferences provider issuer brand network domain server host port',
    'country prefix algorithm algo hint question model os app vendor region name last last4 four',
    'masked digits',
  ),
);
