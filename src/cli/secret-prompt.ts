/** Asks for passwords at the terminal without showing them. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/**
 * Asks one question after the other; null where somebody gave up. They go to standard error, so that what the
 * command prints can be redirected. One reader serves all of them, so that what is typed ahead is not lost.
 */
export function readSecrets(questions: readonly string[]): Promise<readonly string[] | null> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  const answers: string[] = [];
  process.stderr.write(questions[0] ?? '');
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      if (answers.length === questions.length) return;
      answers.push(line);
      process.stderr.write('\n');
      if (answers.length === questions.length) lines.close();
      else process.stderr.write(questions[answers.length] ?? '');
    });
    // Control-C and Control-D close it without a line.
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => {
      if (answers.length < questions.length) process.stderr.write('\n');
      resolve(answers.length === questions.length ? answers : null);
    });
  });
}
