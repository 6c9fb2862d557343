/** Responses of requests, masked: values at JSON paths, and whatever detectors find. Bytes in, bytes out. */
import { isUtf8 } from 'node:buffer';
import type { ResponseMasks } from '../core/requests.ts';
import { compileDocumentPlan, DocumentMasker, type DocumentPlan } from '../masking/index.ts';
import type { ResultMasks } from './result-masks.ts';

export class ResponseMasker {
  readonly #masker: DocumentMasker;
  readonly #bytesMax: number;

  constructor(plan: DocumentPlan, bytesMax: number) {
    this.#masker = new DocumentMasker(compileDocumentPlan(plan));
    this.#bytesMax = bytesMax;
  }

  /** Whether values are masked by where they are: then only JSON can be masked. */
  get needsJson(): boolean {
    return this.#masker.hasPaths;
  }

  /** One JSON document, white space around it included. Null: it cannot be read, so nothing of it may be passed. */
  json(bytes: Buffer): Buffer | null {
    return bytes.length > this.#bytesMax ? null : this.#masker.json(bytes);
  }

  /** Text that is no JSON. Null: it cannot be masked. */
  text(bytes: Buffer): Buffer | null {
    return this.needsJson ? null : this.#masker.text(bytes);
  }

  /** The same for what only detectors look at, such as header fields. */
  detected(text: string): string {
    const bytes = Buffer.from(text, 'latin1');
    const masked = this.#masker.words(bytes);
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
