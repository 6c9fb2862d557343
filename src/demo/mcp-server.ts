/** The MCP server of the demo: dbhub, as people use it, from npm into a folder of our own, once. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isObject, parseJson } from '../core/json.ts';

const run = promisify(execFile);

const NAME = '@bytebase/dbhub';
const VERSION = '1.4.0';
/** The driver that dbhub takes to be there; those of other databases and clouds are a hundred megabytes. */
const PACKAGES = [`${NAME}@${VERSION}`, 'pg@^8.13.3'];
const INSTALL_MS_MAX = 180_000;

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice', `dbhub-${VERSION}`);
}

/** The command that starts it. Throws with npm's own words where it could not be fetched. */
export async function dbhubCommand(begin: (what: string) => void): Promise<readonly string[]> {
  const folder = cacheFolder();
  if (!existsSync(folder)) {
    begin(`Fetching dbhub ${VERSION}, an MCP server for databases, from npm (31 MB, once)`);
    await install(folder);
  }
  const packageFolder = join(folder, 'node_modules', NAME);
  const described = parseJson(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const bin = isObject(described) ? described['bin'] : undefined;
  const program = bin !== undefined && isObject(bin) ? bin['dbhub'] : undefined;
  if (typeof program !== 'string') throw new Error(`${NAME} ${VERSION} has no program dbhub`);
  return [process.execPath, join(packageFolder, program)];
}

async function install(folder: string): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const scratch = mkdtempSync(`${folder}-`);
  try {
    writeFileSync(join(scratch, 'package.json'), '{ "private": true }\n');
    await run(
      'npm',
      ['install', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund', ...PACKAGES],
      {
        cwd: scratch,
        timeout: INSTALL_MS_MAX,
      },
    );
    renameSync(scratch, folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
