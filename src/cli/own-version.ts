import { readFileSync } from 'node:fs';

/** The version of this program; from src/cli in the repository and from dist/src/cli in the package. */
export function ownVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const file: { version?: unknown } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
      if (typeof file.version === 'string') return file.version;
    } catch {}
  }
  return 'unknown';
}
