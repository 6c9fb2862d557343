import { formatVerifier, makeVerifier } from '../identity/scram.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { flow } from './rule-source.ts';

const HELP = `Usage: sluice password [NAME] [--json]

Reads a password, from the terminal without showing it or from standard input, and prints a SCRAM-SHA-256
verifier for it: what may stand in a configuration in place of the password. It is never an argument, since
arguments show in process lists and shell histories.

Options:
  --json   { name, password }, where the password is the verifier

Examples:
  sluice password agent
  pass show agent | sluice password agent

Exit codes: 0 printed, 2 not.
`;

export const password: Command = {
  name: 'password',
  summary: 'a verifier to put into the configuration in place of a password',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, { flags: ['json'] });
    const [name, extra] = parsed.positionals;
    if (extra !== undefined) {
      throw new UsageError(
        'expected a name at most; the password itself is never an argument: it is asked for',
      );
    }
    const secret = io.inputIsTerminal ? await askTwice(io) : (await io.readInput()).replace(/\r?\n$/, '');
    if (secret === '') throw new UsageError('the password is empty');
    if (/[\0\r\n]/.test(secret)) throw new UsageError('expected a password on one line');
    const verifier = formatVerifier(makeVerifier(secret));
    if (parsed.flag('json')) io.out(`${JSON.stringify({ name: name ?? null, password: verifier })}\n`);
    else io.out(yamlText(name ?? 'agent', verifier));
    return EXIT.ok;
  },
};

async function askTwice(io: Io): Promise<string> {
  const answers = await io.readSecrets(['Password: ', 'Again: ']);
  const [first, again] = answers ?? [];
  if (first === undefined) throw new UsageError('no password was given');
  if (first !== again) throw new UsageError('the two are not the same');
  return first;
}

function yamlText(name: string, verifier: string): string {
  return `identity:\n  users:\n    - name: ${flow(name)}\n      password: "${verifier}"\n`;
}
