/** Responses of requests, masked: values at JSON paths, and whatever detectors find. Bytes in, bytes out. */
import { isUtf8 } from 'node:buffer';
import type { ResponseMasks } from '../core/requests.ts';
import type { DocumentMasks } from './document-masks.ts';
import type { ResultMasks } from './result-masks.ts';

export class ResponseMasker {
  readonly #masks: DocumentMasks;
  readonly #bytesMax: number;

  constructor(masks: DocumentMasks, bytesMax: number) {
    this.#masks = masks;
    this.#bytesMax = bytesMax;
  }

  /** Whether values are masked by where they are: then only JSON can be masked. */
  get needsJson(): boolean {
    return this.#masks.masker.hasPaths;
  }

  /** One JSON document, white space around it included. Null: it cannot be read, so nothing of it may be passed. */
  async json(bytes: Buffer): Promise<Buffer | null> {
    return bytes.length > this.#bytesMax ? null : this.#masked(bytes, 'json');
  }

  /** Text that is no JSON. Null: it cannot be masked. */
  async text(bytes: Buffer): Promise<Buffer | null> {
    return this.needsJson ? null : this.#masked(bytes, 'text');
  }

  async #masked(bytes: Buffer, as: 'json' | 'text'): Promise<Buffer | null> {
    const masked = await this.#masks.mask(bytes, { as });
    if (masked.is === 'kept') return bytes;
    return masked.is === 'withheld' ? null : Buffer.from(masked.bytes.buffer);
  }

  /** The same for what only detectors look at, such as header fields. */
  detected(text: string): string {
    const bytes = Buffer.from(text, 'latin1');
    const masked = this.#masks.masker.words(bytes);
    if (masked === bytes) return text;
    const shown = isUtf8(masked) ? masked.toString('utf8') : masked.toString('latin1');
    return shown.replaceAll(/[^\x20-\x7e]/gu, encodeURIComponent);
  }
}

/** What masks come to for a listener, made once for each set of them. */
export class ResponseMaskers {
  readonly #masks: ResultMasks;
  readonly #bytesMax: number;
  readonly #made = new WeakMap<ResponseMasks, ResponseMasker>();

  /** `bytesMax`: of one document, line or event. */
  constructor(masks: ResultMasks, bytesMax: number) {
    this.#masks = masks;
    this.#bytesMax = bytesMax;
  }

  for(masks: ResponseMasks): ResponseMasker {
    const known = this.#made.get(masks);
    if (known !== undefined) return known;
    const made = new ResponseMasker(this.#masks.forResponse(masks), this.#bytesMax);
    this.#made.set(masks, made);
    return made;
  }
}
