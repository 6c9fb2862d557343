/** Asks for a password at the terminal without showing it. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** The question goes to standard error, so that what the command prints can be redirected. Null: given up. */
export function readSecret(question: string): Promise<string | null> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  return new Promise((resolve) => {
    let answer: string | null = null;
    lines.once('line', (line) => {
      answer = line;
      lines.close();
    });
    // Control-C and Control-D close it without a line.
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => {
      process.stderr.write('\n');
      resolve(answer);
    });
  });
}
