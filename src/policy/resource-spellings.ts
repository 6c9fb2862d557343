/**
 * Under which other spellings a URI of a resource leads to the same, to whoever takes it apart as RFC 3986 has it. A URI is
 * forwarded as it came; what is against it is asked about each of these.
 */

interface Parts {
  /** With what follows it up to the authority. */
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
}

const TAKEN_APART = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)([^#]*)/i;

function partsOf(uri: string): Parts | null {
  const [, scheme, authority = '', path = ''] = TAKEN_APART.exec(uri) ?? [];
  return scheme === undefined ? null : { scheme, authority, path };
}

/** The URI itself comes first. */
export function spellingsOf(uri: string): readonly string[] {
  const spellings = new Set([uri]);
  const parts = partsOf(uri);
  if (parts === null) spellings.add(uri.replace(/#.*$/s, ''));
  else {
    const { scheme, authority, path } = parts;
    // A name and a password say who asks, a fragment where to look within what is found (3.2.1, 3.5).
    const host = hostOf(authority);
    const plain = host.replace(/:\d*$/, '').replace(/\.$/, '');
    for (const named of [authority, host, plain])
      for (const place of [path, path.replace(/\/{2,}/g, '/')]) spellings.add(`${scheme}${named}${place}`);
  }
  for (const one of [...spellings]) spellings.add(decoded(one));
  for (const one of [...spellings]) spellings.add(one.replace(/\/+(?=$|\?)/, ''));
  return [...spellings];
}

/**
 * What a pattern that lets something pass has to match beside the URI: where it leads. `db://public*` does not mean
 * `db://public@prod`, unless the pattern itself speaks of who asks.
 */
export function destinationOf(uri: string, pattern: string): string {
  const parts = partsOf(uri);
  const whole =
    parts === null || pattern.includes('@')
      ? uri
      : `${parts.scheme}${hostOf(parts.authority)}${uri.slice(parts.scheme.length + parts.authority.length)}`;
  return pattern.includes('#') ? whole : whole.replace(/#.*$/s, '');
}

function hostOf(authority: string): string {
  return authority.slice(authority.lastIndexOf('@') + 1);
}

/** With letters outside of ASCII as themselves, however they are encoded or put together. */
function decoded(uri: string): string {
  const letters = uri.replace(/(?:%[89a-f][0-9a-f])+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
  return letters.normalize('NFC');
}
