/**
 * Messages for a model, masked: values by their place in structured content and in JSON that stands in texts, and whatever
 * detectors find anywhere. Edits are made in place; what is not masked leaves as it came, byte by byte (promise 10).
 */
import type { ResponseMasks } from '../core/requests.ts';
import { isRefused, type JsonDocument } from '../json/index.ts';
import {
  compileDocumentPlan,
  DocumentMasker,
  type MessageSurfaces,
  maskMessage,
  SpanEdits,
} from '../masking/index.ts';
import type { ResultMasks } from './result-masks.ts';

export type { MessageSurfaces } from '../masking/index.ts';

export class MessageMasker {
  readonly #masker: DocumentMasker;

  constructor(masks: ResultMasks, response: ResponseMasks) {
    this.#masker = new DocumentMasker(compileDocumentPlan(masks.forResponse(response)));
  }

  /** The message as it may leave; the very document where nothing of it is masked. */
  mask(document: JsonDocument, surfacesOf: (document: JsonDocument) => MessageSurfaces): JsonDocument {
    const edits = new SpanEdits();
    maskMessage(this.#masker, document, surfacesOf(document), edits);
    if (edits.isEmpty) return document;
    const read = edits.applyTo(document);
    // Names that were masked may have become equal ones.
    if (isRefused(read)) throw new UnmaskableMessage(read.message);
    return read;
  }

  /** A text that stands for itself. Null: nothing of it may be shown. */
  text(text: Buffer): Buffer | null {
    return this.#masker.text(text);
  }
}

/** A message of which nothing may be shown, since what is left of it could be read in two ways. */
export class UnmaskableMessage extends Error {
  override readonly name = 'UnmaskableMessage';
}
