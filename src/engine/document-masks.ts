/** Documents masked in place or in a thread, by what that costs. */
import {
  type AskedMasks,
  compileDocumentPlan,
  DocumentMasker,
  type DocumentPlan,
  inlineBytesMax,
  type MaskedDocument,
  type MaskPool,
  maskAsked,
  ownBytes,
} from '../masking/index.ts';

export class DocumentMasks {
  readonly masker: DocumentMasker;
  readonly #plan: DocumentPlan;
  readonly #pool: () => MaskPool | null;
  readonly #inlineBytesMax: number;

  /** `pool` starts the threads; null: there are none. */
  constructor(plan: DocumentPlan, pool: () => MaskPool | null) {
    this.masker = new DocumentMasker(compileDocumentPlan(plan));
    this.#plan = plan;
    this.#pool = pool;
    this.#inlineBytesMax = inlineBytesMax(plan);
  }

  /** Whether the event loop would notice it. */
  isCostly(bytes: number): boolean {
    return bytes > this.#inlineBytesMax;
  }

  /** Where a thread fails, nothing of it may be shown. */
  async mask(bytes: Buffer, asked: AskedMasks): Promise<MaskedDocument> {
    const pool = this.isCostly(bytes.length) ? this.#pool() : null;
    if (pool === null) return maskAsked(this.masker, bytes, asked);
    while (pool.full) await new Promise<void>((resolve) => pool.whenRoom(resolve));
    try {
      return await pool.maskDocument(this.#plan, ownBytes(bytes), asked);
    } catch {
      return { is: 'withheld' };
    }
  }
}
