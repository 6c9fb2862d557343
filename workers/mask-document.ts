/**
 * Masks one document or text away from the event loop: a pure function of plan and bytes, whose memory was moved here.
 * Whoever asked sets the time limit and ends this thread when it is over.
 */
import { DocumentMasker } from '../src/masking/documents/document-masker.ts';
import { compileDocumentPlan } from '../src/masking/documents/document-plan.ts';
import { type DocumentTask, type MaskedDocument, maskAsked } from '../src/masking/documents/document-task.ts';

/** Plans of policies that are in force at the same time; what falls out is compiled again. */
const PLANS_MAX = 64;
const maskers = new Map<number, DocumentMasker>();

export function maskDocument({ plan, bytes, asked, begun }: DocumentTask): MaskedDocument {
  Atomics.store(begun, 0, 1);
  let masker = maskers.get(plan.id);
  if (masker === undefined) {
    masker = new DocumentMasker(compileDocumentPlan(plan));
    if (maskers.size >= PLANS_MAX) maskers.delete(maskers.keys().next().value ?? 0);
    maskers.set(plan.id, masker);
  }
  return maskAsked(masker, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), asked);
}
