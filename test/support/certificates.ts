/** TLS material made on the spot: an authority, a certificate for 127.0.0.1 and localhost, and a stranger's authority. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificates {
  /** Files in PEM. */
  readonly authority: string;
  readonly strangerAuthority: string;
  readonly certificate: string;
  readonly key: string;
  /** Of the same authority, for another name. */
  readonly otherCertificate: string;
  readonly otherKey: string;
  remove(): void;
}

export function makeCertificates(): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  chmodSync(directory, 0o755);
  const file = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2'];
  for (const name of ['authority', 'stranger']) {
    openssl('req', '-x509', ...key, '-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', `/CN=${name}`);
  }
  const sign = (name: string, subjects: string) => {
    writeFileSync(file(`${name}.ext`), `subjectAltName=${subjects}\n`);
    openssl('req', '-new', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const by = [
      '-CA',
      'authority.crt',
      '-CAkey',
      'authority.key',
      '-CAcreateserial',
      '-extfile',
      `${name}.ext`,
    ];
    openssl('x509', '-req', '-in', `${name}.csr`, '-days', '2', '-out', `${name}.crt`, ...by);
  };
  sign('localhost', 'DNS:localhost,IP:127.0.0.1');
  sign('elsewhere', 'DNS:elsewhere.example');
  return {
    authority: file('authority.crt'),
    strangerAuthority: file('stranger.crt'),
    certificate: file('localhost.crt'),
    key: file('localhost.key'),
    otherCertificate: file('elsewhere.crt'),
    otherKey: file('elsewhere.key'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
