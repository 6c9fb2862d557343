/**
 * Masks one document or text away from the event loop: a pure function of plan and bytes, whose memory was moved here.
 * Whoever asked sets the time limit and ends this thread when it is over.
 */
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { DocumentMasker } from '../src/masking/documents/document-masker.ts';
import { compileDocumentPlan } from '../src/masking/documents/document-plan.ts';
import { type DocumentTask, type MaskedDocument, maskAsked } from '../src/masking/documents/document-task.ts';

/** Plans of policies that are in force at the same time; what falls out is compiled again. */
const PLANS_MAX = 64;
const maskers = new Map<number, DocumentMasker>();

export function maskDocument({ plan, bytes, asked, begun }: DocumentTask): unknown {
  Atomics.store(begun, 0, 1);
  let masker = maskers.get(plan.id);
  if (masker === undefined) {
    masker = new DocumentMasker(compileDocumentPlan(plan));
    if (maskers.size >= PLANS_MAX) maskers.delete(maskers.keys().next().value ?? 0);
    maskers.set(plan.id, masker);
  }
  const masked = maskAsked(masker, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), asked);
  return masked.is === 'masked' ? move(new Moved(masked)) : masked;
}

/** What is given back with its memory: nothing is copied on the event loop. */
class Moved {
  readonly #masked: Extract<MaskedDocument, { readonly is: 'masked' }>;

  constructor(masked: Extract<MaskedDocument, { readonly is: 'masked' }>) {
    this.#masked = masked;
  }

  get [transferableSymbol](): readonly ArrayBuffer[] {
    const { bytes, patches } = this.#masked;
    return patches === null ? [bytes.buffer] : [bytes.buffer, patches.buffer];
  }

  get [valueSymbol](): MaskedDocument {
    return this.#masked;
  }
}
