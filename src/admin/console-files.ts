/**
 * The console's files, read once at the start. In the package they are compiled; in the repository their types are
 * taken out here, as Node does it for everything else.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

export interface ServedFile {
  readonly type: string;
  readonly body: Buffer;
}

const FOLDER = new URL('../console/', import.meta.url);
const SCRIPT = 'text/javascript; charset=utf-8';

/** By path, such as `/console/main.js`. */
export function consoleFiles(): ReadonlyMap<string, ServedFile> {
  const files = new Map<string, ServedFile>();
  const scripts: string[] = [];
  let page = '';
  for (const name of readdirSync(FOLDER).sort()) {
    const text = () => readFileSync(new URL(name, FOLDER), 'utf8');
    const add = (as: string, type: string, body: string) =>
      files.set(`/console/${as}`, { type, body: Buffer.from(body) });
    if (name === 'index.html') page = text();
    else if (name.endsWith('.css')) add(name, 'text/css; charset=utf-8', text());
    else if (name.endsWith('.svg')) add(name, 'image/svg+xml', text());
    else if (/(?<!\.d)\.ts$/.test(name)) {
      const script = name.replace(/\.ts$/, '.js');
      scripts.push(script);
      add(script, SCRIPT, scriptOf(text()));
    } else if (name.endsWith('.js')) {
      scripts.push(name);
      add(name, SCRIPT, text().replace(/^\/\/# sourceMappingURL=.*$/m, ''));
    }
  }
  // All modules are asked for at once, instead of each when the one before has been read.
  const preloads = scripts.map((name) => `<link rel="modulepreload" href="/console/${name}">`).join('\n    ');
  files.set('/', {
    type: 'text/html; charset=utf-8',
    body: Buffer.from(page.replace('<!-- modules -->', preloads)),
  });
  return files;
}

function scriptOf(text: string): string {
  return withoutWarning(() => stripTypeScriptTypes(text)).replaceAll(
    /(\bfrom\s+'\.\/[\w-]+)\.ts'/g,
    "$1.js'",
  );
}

/** Node says each time that this function of its may change. */
function withoutWarning<Result>(run: () => Result): Result {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return run();
  } finally {
    process.emitWarning = emitWarning;
  }
}
