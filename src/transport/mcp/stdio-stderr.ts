/** What a program says on standard error, for the log: by lines, within bounds, without what is secret. */

export type StderrSink = (line: string) => void;

const LINE_CHARACTERS_MAX = 2_000;
/** Lines within one window; what a program says beyond that is counted and not kept. */
const LINES_MAX = 200;
const WINDOW_MS = 10_000;
const HIDDEN = '[hidden]';
/** Shorter ones would hide words that are no secrets. */
const SECRET_CHARACTERS_MIN = 6;
/** A password in a URL. */
const URL_PASSWORD = /([a-z][a-z0-9+.-]{1,30}:\/\/[^\s:/@]{0,256}:)[^\s/@]{1,1024}@/gi;
const KEY_WORDS = /((?:password|passwd|pwd|secret|token|api[_-]?key)["']?\s*[=:]\s*["']?)[^\s"',;]{3,}/gi;

export class StderrLog {
  readonly #sink: StderrSink;
  readonly #secrets: readonly string[];
  #rest = '';
  #isCut = false;
  #windowFromMs = 0;
  #lines = 0;
  #left = 0;
  readonly #decoder = new TextDecoder();

  constructor(sink: StderrSink, secrets: readonly string[]) {
    this.#sink = sink;
    this.#secrets = secrets
      .filter(({ length }) => length >= SECRET_CHARACTERS_MIN)
      .flatMap((secret) => [secret, encodeURIComponent(secret)]);
  }

  push(chunk: Buffer): void {
    const [first = '', ...others] = this.#decoder.decode(chunk, { stream: true }).split('\n');
    this.#add(first);
    for (const other of others) {
      this.#end();
      this.#add(other);
    }
  }

  end(): void {
    this.#end();
    this.#tellLeft();
  }

  #add(text: string): void {
    // Kept longer than it is shown: a secret that is cut would not be known.
    const room = 2 * LINE_CHARACTERS_MAX - this.#rest.length;
    if (text.length > room) this.#isCut = true;
    this.#rest += text.slice(0, Math.max(0, room));
  }

  #end(): void {
    const line = this.#rest.trimEnd();
    const isCut = this.#isCut || line.length > LINE_CHARACTERS_MAX;
    this.#rest = '';
    this.#isCut = false;
    if (line === '') return;
    const now = performance.now();
    if (this.#lines === 0 || now >= this.#windowFromMs + WINDOW_MS) {
      this.#tellLeft();
      this.#windowFromMs = now;
      this.#lines = 0;
    }
    if (++this.#lines > LINES_MAX) {
      this.#left++;
      return;
    }
    const shown = this.#withoutSecrets(line).slice(0, LINE_CHARACTERS_MAX);
    this.#sink(isCut ? `${shown}…` : shown);
  }

  #tellLeft(): void {
    if (this.#left > 0) this.#sink(`(${this.#left} more lines, which are not kept)`);
    this.#left = 0;
  }

  #withoutSecrets(line: string): string {
    let shown = line;
    for (const secret of this.#secrets) shown = shown.replaceAll(secret, HIDDEN);
    return shown.replace(URL_PASSWORD, `$1${HIDDEN}@`).replace(KEY_WORDS, `$1${HIDDEN}`);
  }
}
