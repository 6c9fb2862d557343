/** A browser that goes where an authorization server sends it, until it comes back with a code. */

const STEPS_MAX = 12;

/** What `callback` is called with in the end; there is a `code` in it. */
export async function walkToCode(start: URL, callback: string): Promise<URLSearchParams> {
  const cookies = new Map<string, string>();
  let at = start;
  for (let step = 0; step < STEPS_MAX; step++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(at, { redirect: 'manual', headers: { cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`${at.pathname}: ${answer.status} ${await answer.text()}`);
    at = new URL(location, at);
    if (!at.href.startsWith(callback)) continue;
    if (!at.searchParams.has('code')) throw new Error(`no code: ${at.search}`);
    return at.searchParams;
  }
  throw new Error('the authorization server leads around in circles');
}
