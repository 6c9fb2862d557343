/**
 * Messages for a model, masked: values by their place in structured content and in JSON that stands in texts, and whatever
 * detectors find anywhere. Edits are made in place; what is not masked leaves as it came, byte by byte (promise 10).
 */
import type { ResponseMasks } from '../core/requests.ts';
import { isRefused, type JsonDocument, jsonString, PLAIN_JSON, scanJson } from '../json/index.ts';
import { type MessageSurfaces, maskMessage, SpanEdits } from '../masking/index.ts';
import type { DocumentMasks } from './document-masks.ts';
import type { ResultMasks } from './result-masks.ts';
import type { TokenSeals } from './token-seals.ts';

export type { MessageSurfaces } from '../masking/index.ts';

type SurfacesOf = (document: JsonDocument) => MessageSurfaces;

export class MessageMasker {
  readonly #masks: DocumentMasks;
  readonly #seals: TokenSeals | null;

  constructor(masks: ResultMasks, response: ResponseMasks, seals: TokenSeals | null) {
    this.#masks = masks.forResponse(response);
    this.#seals = seals;
  }

  /** The message as it may leave; the very document where nothing of it is masked. Throws UnmaskableMessage. */
  mask(document: JsonDocument, surfacesOf: SurfacesOf): JsonDocument {
    const surfaces = surfacesOf(document);
    const edits = new SpanEdits();
    this.#seal(document, surfaces, edits);
    maskMessage(this.#masks.masker, document, surfaces, edits);
    return edits.isEmpty ? document : readAgain(edits.applyTo(document));
  }

  /** The same for what may be large: the event loop goes on meanwhile. Rejects with UnmaskableMessage. */
  async maskLarge(given: JsonDocument, surfacesOf: SurfacesOf): Promise<JsonDocument> {
    if (!this.#masks.isCostly(given.bytes(0).length)) return this.mask(given, surfacesOf);
    const seals = new SpanEdits();
    this.#seal(given, surfacesOf(given), seals);
    const document = seals.isEmpty ? given : readAgain(seals.applyTo(given));
    const masked = await this.#masks.mask(document.source, {
      as: 'message',
      surfaces: surfacesOf(document),
    });
    if (masked.is === 'kept') return document;
    if (masked.is === 'withheld') throw new UnmaskableMessage('masking it failed');
    const shown = Buffer.from(masked.bytes.buffer);
    const patched = masked.patches === null ? null : document.patched(patchesIn(masked.patches), shown);
    return patched ?? readAgain(scanJson(shown, 0, shown.length, PLAIN_JSON));
  }

  /** Tokens that go back to the server are of no use masked: what hides something in them is sealed, or not shown. */
  #seal(document: JsonDocument, { handedBack }: MessageSurfaces, edits: SpanEdits): void {
    for (const node of handedBack) {
      const token = document.text(node);
      const bytes = Buffer.from(token ?? document.written(node));
      if (this.text(bytes) === bytes) continue;
      if (token === null || this.#seals === null || !isSealed(document, node))
        throw new UnmaskableMessage('a token of the server holds what is masked');
      edits.put(document.start(node), document.end(node), jsonString(this.#seals.seal(token)));
    }
  }

  /** A text that stands for itself. Null: nothing of it may be shown. */
  text(text: Buffer): Buffer | null {
    return this.#masks.masker.text(text);
  }
}

function readAgain(read: ReturnType<typeof scanJson>): JsonDocument {
  // Names that were masked may have become equal ones.
  if (isRefused(read)) throw new UnmaskableMessage(read.message);
  return read;
}

/** Ids of tasks are in too many places, headers among them, to be another on each side. */
function isSealed(document: JsonDocument, node: number): boolean {
  const name = document.name(node);
  return name === 'nextCursor' || name === 'requestState';
}

const PATCH_NUMBERS = 3;

function patchesIn(numbers: Int32Array) {
  return Array.from({ length: numbers.length / PATCH_NUMBERS }, (_, n) => {
    const [start = 0, end = 0, size = 0] = numbers.subarray(PATCH_NUMBERS * n);
    return { start, end, size };
  });
}

/** A message of which nothing may be shown, since what is left of it could be read in two ways. */
export class UnmaskableMessage extends Error {
  override readonly name = 'UnmaskableMessage';
}
