/** Every detector that `detect:` can name, in the order of the docs. A new one is a file and a line here. */
import { creditCard } from './card.ts';
import type { Detector } from './detector.ts';
import { emailAddress } from './email.ts';
import { iban } from './iban.ts';
import { ipAddress } from './ip.ts';
import { jwt } from './jwt.ts';
import { phone } from './phone.ts';
import { privateKey } from './private-key.ts';
import { usSsn } from './us-ssn.ts';
import { vendorKey } from './vendor-keys.ts';

export const DETECTORS = {
  'credit-card': creditCard,
  'us-ssn': usSsn,
  iban,
  email: emailAddress,
  ip: ipAddress,
  phone,
  'vendor-key': vendorKey,
  jwt,
  'private-key': privateKey,
} as const satisfies Readonly<Record<string, Detector>>;

export type DetectorName = keyof typeof DETECTORS;
