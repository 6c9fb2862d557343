/** Sluice's command line, in this process or as a process of its own. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { main } from '../../src/cli/program.ts';

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

export interface CommandWorld {
  readonly input?: string;
  readonly isTerminal?: boolean;
  readonly errorIsTerminal?: boolean;
  /** What somebody at the terminal answers to questions for secrets; none: they give up. */
  readonly secrets?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a command here, with a world of its own. */
export async function sluice(args: readonly string[], world: CommandWorld = {}): Promise<CommandResult> {
  let out = '';
  let error = '';
  const code = await main(args, {
    environment: world.environment ?? {},
    out: (written) => {
      out += written;
    },
    error: (written) => {
      error += written;
    },
    isTerminal: world.isTerminal ?? false,
    errorIsTerminal: world.errorIsTerminal ?? false,
    inputIsTerminal: world.input === undefined,
    readInput: async () => world.input ?? '',
    readSecrets: async () => world.secrets ?? null,
  });
  return { code, out, error };
}

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Runs `src/main.ts` as a user's shell would. */
export async function sluiceProcess(args: readonly string[], input = ''): Promise<CommandResult> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe' });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  child.stdin.end(input);
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out, error };
}
