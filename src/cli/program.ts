/**
 * The command line: finds the command, runs it, and turns what goes wrong into a message and an exit code.
 */
import { text } from 'node:stream/consumers';
import { suggestion } from '../core/nearest.ts';
import { ProblemsError } from '../core/problem.ts';
import { EXIT, type Io, UsageError } from './command.ts';
import { COMMANDS } from './commands.ts';
import { errorText } from './error-text.ts';
import { ownVersion } from './own-version.ts';
import { readSecrets } from './secret-prompt.ts';

function overview(): string {
  const width = Math.max(...COMMANDS.map((command) => command.name.length));
  const list = COMMANDS.map((command) => `  ${command.name.padEnd(width)}   ${command.summary}`).join('\n');
  return `Sluice ${ownVersion()}: a data firewall for AI agents

Usage: sluice COMMAND [options]

${list}

sluice COMMAND --help tells more of each, with an example.
`;
}

export async function main(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.out(overview());
    return name === undefined ? EXIT.bad : EXIT.ok;
  }
  if (name === '--version' || name === '-V') {
    io.out(`${ownVersion()}\n`);
    return EXIT.ok;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) {
    const near = suggestion(
      name,
      COMMANDS.map((candidate) => candidate.name),
    );
    io.error(`sluice: there is no command "${name}"${near}\nsluice --help lists the commands\n`);
    return EXIT.bad;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    io.out(command.help);
    return EXIT.ok;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    if (error instanceof ProblemsError) io.error(`${error.message}\n`);
    else if (error instanceof UsageError)
      io.error(`sluice ${name}: ${error.message}\nsluice ${name} --help tells how it is used\n`);
    else io.error(`sluice ${name}: ${errorText(error)}\n`);
    return EXIT.bad;
  }
}

/** Whoever reads the output may stop early, as `head` does: what is left to say is said to nobody. */
function untilClosed(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** Runs what the command line of this process says; its exit code is the command's. */
export async function runProcess(): Promise<void> {
  untilClosed(process.stdout);
  untilClosed(process.stderr);
  process.exitCode = await main(process.argv.slice(2), {
    environment: process.env,
    out: (written) => process.stdout.write(written),
    error: (written) => process.stderr.write(written),
    isTerminal: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
    errorIsTerminal: process.stderr.isTTY === true,
    inputIsTerminal: process.stdin.isTTY === true,
    readInput: () => text(process.stdin),
    readSecrets,
  });
}
