/**
 * References in the configuration: `${NAME}` from the environment, `${NAME:-fallback}`, `${file:/path}`. What begins with
 * `${sluice:` stands for a listener, in the command of a program, and is filled in when that is started.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Gives the function that replaces references in one string; `directory` is what file paths are relative to. */
export function expander(
  environment: Readonly<Record<string, string | undefined>>,
  directory: string,
): (text: string) => string {
  return (text) =>
    text.replaceAll(/\$\{([^}]*)\}/g, (whole, reference: string) => {
      if (reference.startsWith('sluice:')) return whole;
      if (reference.startsWith('file:'))
        return readSecret(resolve(directory, reference.slice('file:'.length)));
      const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(reference);
      if (match === null)
        throw new Error(`"\${${reference}}" is no reference; write \${NAME} or \${file:/path}`);
      const value = environment[match[1] ?? ''] ?? match[2];
      if (value === undefined) throw new Error(`the environment variable ${match[1]} is not set`);
      return value;
    });
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch {
    throw new Error(`the file ${path} cannot be read`);
  }
}
