import { cachingSha2Verifier, nativeVerifier } from '../identity/mysql-password.ts';
import { formatVerifier, makeVerifier } from '../identity/scram.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { flow } from './rule-source.ts';

const HELP = `Usage: sluice password [NAME] [--mysql | --mysql-native] [--json]

Reads a password, from the terminal without showing it or from standard input, and prints a verifier for it:
what may stand in a configuration in place of the password. It is never an argument, since arguments show in
process lists and shell histories.

The SCRAM-SHA-256 verifier serves Postgres clients, and MySQL clients that come over TLS or do
caching_sha2_password. A MySQL verifier serves MySQL clients alone.

Options:
  --mysql          as caching_sha2_password stores it: $A$005$...
  --mysql-native   as mysql_native_password stores it, for clients that know nothing else: *8F...; two rounds of
                   SHA-1 without salt, so a weak password is soon found from it
  --json           { name, password }, where the password is the verifier

Examples:
  sluice password agent
  sluice password agent --mysql
  pass show agent | sluice password agent

Exit codes: 0 printed, 2 not.
`;

export const password: Command = {
  name: 'password',
  summary: 'a verifier to put into the configuration in place of a password',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, { flags: ['json', 'mysql', 'mysql-native'] });
    const [name, extra] = parsed.positionals;
    if (extra !== undefined) {
      throw new UsageError(
        'expected a name at most; the password itself is never an argument: it is asked for',
      );
    }
    if (parsed.flag('mysql') && parsed.flag('mysql-native')) {
      throw new UsageError('--mysql and --mysql-native are two verifiers; choose one');
    }
    const secret = io.inputIsTerminal ? await askTwice(io) : (await io.readInput()).replace(/\r?\n$/, '');
    if (secret === '') throw new UsageError('the password is empty');
    if (/[\0\r\n]/.test(secret)) throw new UsageError('expected a password on one line');
    const verifier = parsed.flag('mysql')
      ? cachingSha2Verifier(secret)
      : parsed.flag('mysql-native')
        ? nativeVerifier(secret)
        : formatVerifier(makeVerifier(secret));
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
