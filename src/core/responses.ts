/** What the journal keeps of a response, and how a protocol tells it: as the client saw it, after masking. */

/** How much of a response is recorded. Null: no bound. Rows and bytes beyond it are counted and not kept. */
export interface RecordDuty {
  readonly rows: number | null;
  /** Of the rows' frames on the wire. */
  readonly bytes: number | null;
}

/** Recorded where neither a rule nor the configuration says how much. */
export const SAMPLED_ROWS = 100;
export const SAMPLED_BYTES = 64 * 1024;

export const WHOLE_RESPONSE: RecordDuty = { rows: null, bytes: null };

/** Of several duties the one that records most, bound by bound. */
export function largestOf(left: RecordDuty, right: RecordDuty): RecordDuty {
  const larger = (one: number | null, other: number | null) =>
    one === null || other === null ? null : Math.max(one, other);
  return { rows: larger(left.rows, right.rows), bytes: larger(left.bytes, right.bytes) };
}

/** One value: its text, NULL, or bytes that are no text. */
export type ResponseCell = string | null | { readonly hex: string };

export interface ResponseMessage {
  readonly kind: 'error' | 'notice';
  readonly sqlstate: string;
  readonly text: string;
}

/** Takes down one response. Nothing that it is given is kept beyond the call but as text. */
export interface ResponseRecorder {
  /** Rows are not decoded any more once this is false. */
  readonly wantsRows: boolean;
  columns(names: readonly string[]): void;
  /** `bytes`: of the row's frame on the wire. */
  row(cells: readonly ResponseCell[], bytes: number): void;
  /** A row that is too large to be taken down, or one that bounds leave out. */
  skipped(bytes: number): void;
  /** Data of COPY … TO STDOUT: of whole lines or not. */
  copied(data: Buffer): void;
  message(message: ResponseMessage): void;
  /** `whole` false: the session ended amid it. */
  end(whole: boolean): void;
}

/** A row or message larger than this is not taken down; the journal says so in its place. */
export const RECORDED_FRAME_BYTES_MAX = 1024 * 1024;
