/** Rows made up to try a condition on: what their columns hold, and how what cannot be computed compares. */

export type Scalar = number | string | boolean | null;

const NUMBERS: readonly number[] = [1_234_567, -98_765, 0, 1, 7];
const WORDS: readonly string[] = ['zq', '', 'Aé1', 'Zq Zq', ' b '];

/** More rows than most conditions need: they are tried until one is kept out. */
export const SAMPLES = 48;

/** Constants of the condition are where its truth changes. */
export class SampleValues {
  readonly #numbers: number[] = [...NUMBERS];
  readonly #words: string[] = [...WORDS];

  add(constant: number | string): void {
    if (typeof constant === 'string') this.#words.push(constant, `${constant}a`);
    const number = Number(constant);
    if (Number.isFinite(number) && constant !== '') this.#numbers.push(number, number + 1, number - 1);
  }

  /** `type` as format_type prints it; undefined where values of the type are not made up. */
  valueFor(sample: number, column: string, type: string): Scalar | undefined {
    if (/^(smallint|integer|bigint|int[248])$/.test(type)) return this.#pick(this.#numbers, sample, column);
    if (/^(numeric|real|double|float)/.test(type)) return this.#pick(this.#numbers, sample, column) + 0.5;
    if (/^(text|character varying|varchar|name)/.test(type)) return this.#pick(this.#words, sample, column);
    return /^bool(ean)?$/.test(type) ? mixed(sample, column) % 2 === 0 : undefined;
  }

  /** The first rows have one value in all columns, so that equal ones are tried as well. */
  #pick<Value>(pool: readonly Value[], sample: number, column: string): Value {
    const at = sample < SAMPLES / 2 ? sample : mixed(sample, column);
    const value = pool[at % pool.length];
    if (value === undefined) throw new Error('an empty pool');
    return value;
  }
}

/** Whether something holds that only the server could say: each way in some row, and the same for the same question. */
export function freeTruth(sample: number, question: string): boolean {
  const turn = sample % 4;
  return turn < 2 ? turn === 1 : mixed(sample, question) % 2 === 0;
}

/** How two values compare of which only the server could say: -1, 0 or 1. */
export function freeOrder(sample: number, left: string, right: string): number {
  const turn = sample % 4;
  const order = turn < 3 ? 1 - turn : (mixed(sample, `${left} ${right}`) % 3) - 1;
  return left < right ? order : -order;
}

function mixed(sample: number, text: string): number {
  let hash = 2_166_136_261 ^ sample;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16_777_619);
  return (hash ^ (hash >>> 15)) >>> 0;
}
