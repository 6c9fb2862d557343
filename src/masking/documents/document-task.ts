/** A document that a thread masks: what it is asked, and what it gives back. Plain data, which may be posted. */
import { isRefused, type JsonDocument, PLAIN_JSON, scanJson } from '../../json/index.ts';
import type { DocumentMasker } from './document-masker.ts';
import type { DocumentPlan } from './document-plan.ts';
import { type MessageSurfaces, maskMessage } from './message.ts';
import { type SpanEdit, SpanEdits } from './span-edits.ts';

const NONE = -1;

/** `surfaces`: by their numbers, which are the same in each reading of the same bytes. */
export type AskedMasks =
  | { readonly as: 'json' | 'text' | 'words' }
  | { readonly as: 'message'; readonly surfaces: MessageSurfaces };

export interface DocumentTask {
  readonly plan: DocumentPlan;
  /** In memory of their own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly asked: AskedMasks;
  /** One element: set to 1 when masking begins, so that waiting does not count against the deadline. */
  readonly begun: Int32Array<SharedArrayBuffer>;
}

/** `kept`: nothing is masked. `withheld`: nothing of it may be shown. */
export type MaskedDocument =
  | { readonly is: 'kept' }
  | { readonly is: 'withheld' }
  | {
      readonly is: 'masked';
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** Of a message: what has changed, as start, end and length now. */
      readonly patches: Int32Array<ArrayBuffer> | null;
    };

export function isMaskedDocument(given: unknown): given is MaskedDocument {
  if (typeof given !== 'object' || given === null || !('is' in given)) return false;
  if (given.is !== 'masked') return given.is === 'kept' || given.is === 'withheld';
  return 'bytes' in given && given.bytes instanceof Uint8Array && 'patches' in given;
}

export function maskAsked(masker: DocumentMasker, bytes: Buffer, asked: AskedMasks): MaskedDocument {
  if (asked.as === 'message') return maskedMessage(masker, bytes, asked.surfaces);
  const masked =
    asked.as === 'json' ? masker.json(bytes) : asked.as === 'text' ? masker.text(bytes) : masker.words(bytes);
  if (masked === null) return { is: 'withheld' };
  return masked === bytes ? { is: 'kept' } : { is: 'masked', bytes: ownBytes(masked), patches: null };
}

function maskedMessage(masker: DocumentMasker, bytes: Buffer, surfaces: MessageSurfaces): MaskedDocument {
  const document = scanJson(bytes, 0, bytes.length, { ...PLAIN_JSON, bytesMax: bytes.length });
  if (isRefused(document)) return { is: 'withheld' };
  const edits = new SpanEdits();
  maskMessage(masker, document, surfaces, edits);
  if (edits.isEmpty) return { is: 'kept' };
  const patches = new Int32Array(patchesOf(document, edits.ordered()));
  return {
    is: 'masked',
    bytes: ownBytes(edits.apply(bytes, document.start(0), document.end(0))),
    patches,
  };
}

/** One patch for all edits of one string: there may be very many. */
function patchesOf(document: JsonDocument, edits: readonly SpanEdit[]): readonly number[] {
  const numbers: number[] = [];
  let [last, first, end, size] = [NONE, 0, 0, 0];
  for (const edit of edits) {
    const node = document.nodeAt(edit.start);
    const isInside =
      document.isString(node) && edit.start > document.start(node) && edit.end < document.end(node);
    if (isInside && node === last) {
      size += edit.start - end + edit.to - edit.from;
      end = edit.end;
      continue;
    }
    if (end > 0) numbers.push(first, end, size);
    [last, first, end, size] = [isInside ? node : NONE, edit.start, edit.end, edit.to - edit.from];
  }
  if (end > 0) numbers.push(first, end, size);
  return numbers;
}

/** In memory that has nothing else in it: what is posted takes all of its memory along. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  return own;
}
