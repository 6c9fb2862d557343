/** A certificate that a client has shown in TLS, together with the key to it. */
export interface ClientCertificate {
  /** Why it proves nothing, such as an issuer that nobody knows; null: it was issued by whom the listener trusts. */
  readonly problem: string | null;
  /** What it says whom it is for, by the place where it says so. */
  readonly names: Readonly<Record<CertificateName, readonly string[]>>;
  /** Distinguished names, for people. */
  readonly subject: string;
  readonly issuer: string;
  /** SHA-256 of it, in hex: what it is revoked by. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** The common name of the subject, or a kind of subjectAltName (RFC 5280, section 4.2.1.6). */
export const CERTIFICATE_NAMES = ['cn', 'email', 'dns', 'uri'] as const;
export type CertificateName = (typeof CERTIFICATE_NAMES)[number];
