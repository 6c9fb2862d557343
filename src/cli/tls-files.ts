/**
 * Certificates and keys in files, read again when they change: connections that are open go on as they are, those that
 * come get the new ones. Files that do not fit together are not used. They are looked at, rather than watched, since
 * Kubernetes and certificate agents replace links and directories above them.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Logger } from 'pino';
import type { LegTls } from '../transport/socket-leg.ts';

const LOOK_MS = 500;
const EXPIRES_SOON_MS = 7 * 86_400_000;

/** Paths as the configuration has them. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
  readonly client_ca?: string | undefined;
}

export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Whose client certificates are taken; null: none are asked for. */
  readonly ca: Buffer | null;
}

interface Watched {
  readonly name: string;
  readonly files: readonly string[];
  read(): void;
  /** How the files were when they were read. */
  readSignature: string;
  /** How they were when they were looked at last. */
  seenSignature: string;
}

export class TlsFiles {
  readonly #directory: string;
  readonly #log: Logger;
  readonly #watched: Watched[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(directory: string, log: Logger) {
    this.#directory = directory;
    this.#log = log;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Reads now and hands over, and again when the files change. Throws where they are no good, or `take` does. */
  add(name: string, paths: TlsPaths, take: (material: TlsMaterial) => void): void {
    const at = (path: string) => resolve(this.#directory, path);
    const [cert, key] = [at(paths.cert), at(paths.key)];
    const ca = paths.client_ca === undefined ? null : at(paths.client_ca);
    const read = () => {
      const material = {
        cert: readFileSync(cert),
        key: readFileSync(key),
        ca: ca === null ? null : readFileSync(ca),
      };
      this.#check(name, material);
      take(material);
    };
    const files = [cert, key, ...(ca === null ? [] : [ca])];
    const signature = signatureOf(files);
    read();
    this.#watched.push({ name, files, read, readSignature: signature, seenSignature: signature });
  }

  #check(name: string, { cert, ca }: TlsMaterial): void {
    const { validToDate } = new X509Certificate(cert);
    // Node passes over authorities that are none.
    if (ca !== null) new X509Certificate(ca);
    const until = validToDate.toISOString();
    const leftMs = validToDate.getTime() - Date.now();
    if (leftMs < 0) this.#log.error({ of: name, until }, 'the certificate has expired');
    else if (leftMs < EXPIRES_SOON_MS) this.#log.warn({ of: name, until }, 'the certificate expires soon');
  }

  /** A change counts once it has settled: a certificate and its key are two files. */
  #look(): void {
    for (const one of this.#watched) {
      const signature = signatureOf(one.files);
      const isSettled = signature === one.seenSignature;
      one.seenSignature = signature;
      if (isSettled && signature !== one.readSignature) this.#readAgain(one, signature);
    }
  }

  #readAgain(one: Watched, signature: string): void {
    one.readSignature = signature;
    try {
      one.read();
      this.#log.info({ of: one.name }, 'a new certificate is in force');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log.error(
        { of: one.name, files: one.files, error: why },
        'the new certificate or key cannot be used; those in force stay',
      );
    }
  }

  /** Reads all of them now. */
  reload(): void {
    for (const one of this.#watched) this.#readAgain(one, signatureOf(one.files));
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

function signatureOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
      return stat === undefined ? 'none' : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
    })
    .join(';');
}

/** TLS as a listener serves it at the moment. */
export class ServedTls implements LegTls {
  readonly client = null;
  #server: SecureContext | null = null;
  #wantsCertificate = false;

  get server(): SecureContext | null {
    return this.#server;
  }

  get wantsCertificate(): boolean {
    return this.#wantsCertificate;
  }

  /** Throws where certificate and key do not belong together. */
  use({ cert, key, ca }: TlsMaterial): void {
    this.#server = createSecureContext({ cert, key, ...(ca === null ? {} : { ca }) });
    this.#wantsCertificate = ca !== null;
  }
}
