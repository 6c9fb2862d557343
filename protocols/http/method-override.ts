/**
 * `_method` in the query or in a form: frameworks (Rails, Laravel, Symfony and others) then take a POST for the method
 * that it names, so that rules on methods would have judged another request.
 */
import { readMediaType } from './body.ts';

export type FormKind = 'urlencoded' | 'multipart';

export const OVERRIDE_MESSAGE = 'the parameter _method would make this another method for the server';

/** Null where the body is no form. */
export function formKindOf(contentType: string | null): FormKind | null {
  const type = contentType === null ? null : readMediaType(contentType)?.type;
  if (type === 'application/x-www-form-urlencoded') return 'urlencoded';
  return type === 'multipart/form-data' ? 'multipart' : null;
}

/** Whether one of the names in `a=b&c=d` is `_method`, in any of its spellings. */
export function namesMethod(form: string): boolean {
  return form.split(/[&;]/).some((pair) => isMethod(decodeName(pair.split('=', 1)[0] ?? '')));
}

function decodeName(written: string): string {
  return written
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
}

/** PHP leaves out spaces in front, ends a name at NUL, and has `_` for a dot, a space and a bracket. */
function isMethod(name: string): boolean {
  return /^ *[_. []method(?:[[\0]|$)/i.test(name);
}

/** `name="_method"`, `name=_method`, `name*=UTF-8''%5Fmethod` in the head of a part (RFC 7578, 4.2). */
const PART =
  /name\*?\s*=\s*(?:[\w-]*'[\w-]*')?["']?\s*(?:[_. []|%5f|%2e|%20|%5b|\\_)(?:m|%6d|%4d)(?:e|%65|%45)(?:t|%74|%54)(?:h|%68|%48)(?:o|%6f|%4f)(?:d|%64|%44)\b/i;
/** Longer than what `PART` finds, and than spaces that somebody would put into it. */
const OVERLAP = 256;

/** Looks through a multipart form in pieces. A file that has such a head in its own bytes is found as well. */
export class PartScan {
  #tail = '';

  /** Whether the form names `_method`, as far as it has come. */
  finds(piece: Buffer): boolean {
    const text = this.#tail + piece.latin1Slice();
    this.#tail = text.slice(-OVERLAP);
    return PART.test(text);
  }
}
