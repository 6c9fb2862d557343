/** Texts with `*`, as rules on requests write them. */

/** `*` stands for any characters. */
export function compileGlob(written: string, ignoreCase: boolean): (text: string) => boolean {
  const pattern = written.split('*').map(escapeExpression).join('.*');
  const expression = new RegExp(`^${pattern}$`, ignoreCase ? 'isu' : 'su');
  return (text) => expression.test(text);
}

function escapeExpression(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/**
 * A pattern of paths: `*` stands for any characters within a segment, `**` as a segment for any number of them.
 * `strict`: exactly these; otherwise as lenient servers read it: case is left aside, and so is a slash at the end; what
 * ends in `/**` means its beginning as well.
 */
export function compilePathPattern(written: string, strict: boolean): (path: string) => boolean {
  const segments = written.split('/').slice(1);
  const parts = segments.map((segment) =>
    segment === '**' ? '(?:/[^/]*)*' : `/${segment.split('*').map(escapeExpression).join('[^/]*')}`,
  );
  if (!strict) return lenient(new RegExp(`^${parts.join('')}/?$`, 'isu'));
  // A subtree does not have its root's own path in it.
  const last = segments.at(-1) === '**' ? [...parts.slice(0, -1), '(?:/[^/]*)+'] : parts;
  const expression = new RegExp(`^${last.join('')}$`, 'su');
  return (path) => expression.test(decodePath(path));
}

function lenient(expression: RegExp): (path: string) => boolean {
  // A compatible form of a letter is that letter for a server that normalises text.
  return (path) => {
    const decoded = decodePath(path);
    return expression.test(decoded) || expression.test(decoded.normalize('NFKC'));
  };
}

/** Percent-encoded slashes become slashes: some servers read them so, and the path is refused where none may. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
