/** Reads the corpus files of fixtures/bypass; their form is described in fixtures/bypass/README.md. */
import { readFileSync } from 'node:fs';

export interface Step {
  readonly wanted: 'deny' | 'pass' | 'safe';
  /** The rule that has to deny; null for any. */
  readonly rule: string | null;
  readonly text: Buffer;
  /** Where it stands, for messages: `tables.txt:12`. */
  readonly at: string;
}

export interface Attack {
  readonly title: string;
  /** Sent by Query only. */
  readonly simple: boolean;
  readonly steps: readonly Step[];
}

export interface Corpus {
  readonly policy: string;
  /** The word that every value has in it that must not come out. */
  readonly secret: string;
  readonly attacks: readonly Attack[];
}

const FOLDER = new URL('../../fixtures/bypass/', import.meta.url);

export function bypassFile(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

export function readCorpus(file: string): Corpus {
  const lines = bypassFile(file).split('\n');
  let policy = '';
  let secret = 'CANARY';
  const attacks: { title: string; simple: boolean; steps: Step[] }[] = [];
  lines.forEach((line, n) => {
    const at = `${file}:${n + 1}`;
    if (line.trim() === '' || line.startsWith('#')) return;
    if (line.startsWith('  ')) {
      const steps = attacks.at(-1)?.steps;
      const last = steps?.pop();
      if (steps === undefined || last === undefined) throw new Error(`${at}: nothing to go on with`);
      steps.push({ ...last, text: Buffer.concat([last.text, Buffer.from('\n'), bytesOf(line.slice(2))]) });
      return;
    }
    const header = /^\[([^\]]+)\] (.*?)( \(simple\))?$/.exec(line);
    if (header !== null) {
      attacks.push({ title: `[${header[1]}] ${header[2]}`, simple: header[3] !== undefined, steps: [] });
      return;
    }
    const [, word, rule, rest] = /^(policy|secret|deny|pass|safe)(?:\(([^)]+)\))? (.*)$/.exec(line) ?? [];
    if (word === 'policy') policy = rest ?? '';
    else if (word === 'secret') secret = rest ?? '';
    else if (word === 'deny' || word === 'pass' || word === 'safe') {
      attacks.at(-1)?.steps.push({ wanted: word, rule: rule ?? null, text: bytesOf(rest ?? ''), at });
    } else throw new Error(`${at}: neither a case nor a step`);
  });
  return { policy, secret, attacks };
}

/** `«00 FF»` stands for those bytes. */
function bytesOf(text: string): Buffer {
  const parts = text.split(/«([0-9A-Fa-f ]+)»/);
  return Buffer.concat(
    parts.map((part, n) => (n % 2 === 0 ? Buffer.from(part) : Buffer.from(part.replaceAll(' ', ''), 'hex'))),
  );
}
