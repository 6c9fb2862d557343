/** The program that is measured: Sluice as it is published, or straight from its sources. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const SOURCE = join(ROOT, 'src', 'main.ts');
const BUILT = join(ROOT, 'dist', 'src', 'main.js');

export interface SluiceProgram {
  readonly main: string;
  /** What the product itself gives to Node: the flags in the first line of its command. */
  readonly flags: readonly string[];
}

/**
 * Builds the package as it is published, unless the sources are asked for. Node's own reading of TypeScript costs
 * some 40 MB in every process, which no user of the package pays.
 */
export function sluiceProgram(fromSource: boolean, say: (text: string) => void): SluiceProgram {
  if (!fromSource) {
    say('building Sluice (npm run build)');
    build();
  }
  const main = fromSource ? SOURCE : BUILT;
  return { main, flags: flagsOf(main) };
}

/** In the first line of the command. */
export function flagsOf(main: string): readonly string[] {
  const firstLine = readFileSync(main, 'utf8').split('\n')[0] ?? '';
  return firstLine.split(' ').filter((word) => word.startsWith('--'));
}

function build(): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'deploy', 'build.mjs')], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm run build failed:\n${stdout}${stderr}`);
}
