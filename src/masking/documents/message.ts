/** Messages for a model: values, texts and blobs in their places, and texts that are read one behind the other. */
import type { JsonDocument } from '../../json/index.ts';
import { maskBlob } from './blobs.ts';
import type { DocumentMasker } from './document-masker.ts';
import type { SpanEdits } from './span-edits.ts';
import { maskSplit } from './split-texts.ts';

/** Where a message has something to read; whatever is not named is looked through by detectors all the same. */
export interface MessageSurfaces {
  /** Values that JSON paths begin at. */
  readonly values: readonly number[];
  /** Strings; paths begin at JSON that stands in them. */
  readonly texts: readonly number[];
  readonly blobs: readonly number[];
  /** What stays as it is, with its name. */
  readonly tokens: readonly number[];
  /** Those of them that a server gets back: cursors, states and ids of tasks. */
  readonly handedBack: readonly number[];
}

export function maskMessage(
  masker: DocumentMasker,
  document: JsonDocument,
  { values, texts, blobs, tokens }: MessageSurfaces,
  edits: SpanEdits,
): void {
  const kept = new Set([...tokens, ...blobs]);
  masker.documentInto(document, { values, texts: new Set(texts), kept }, edits, 0);
  for (const node of blobs) maskBlob(document, node, (text) => masker.text(text), edits);
  if (masker.plan.detecting !== null) maskSplit(masker.plan.detecting, document, texts, edits);
}
