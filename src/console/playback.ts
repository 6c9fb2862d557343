/** The time of a recording while it is played: pauses in which nothing happened may be cut short. */

const PAUSE_MS_MAX = 1_500;
/** How long what comes last stays before it is over. */
const TAIL_MS = 500;

export class Playback {
  readonly #times: readonly number[];
  /** Of the whole, as it is played. */
  readonly lengthMs: number;
  readonly #onChange: () => void;
  #atMs = 0;
  #playing = false;
  #speed = 1;
  #frame = 0;
  #lastMs = 0;

  /** `offsets`: when each statement came, since the beginning, in order. */
  constructor(offsets: readonly number[], skipsPauses: boolean, onChange: () => void) {
    const times: number[] = [];
    let at = 0;
    let before = 0;
    for (const offset of offsets) {
      const pause = Math.max(0, offset - before);
      at += skipsPauses ? Math.min(pause, PAUSE_MS_MAX) : pause;
      before = Math.max(before, offset);
      times.push(at);
    }
    this.#times = times;
    this.lengthMs = at + TAIL_MS;
    this.#atMs = this.lengthMs;
    this.#onChange = onChange;
  }

  get atMs(): number {
    return this.#atMs;
  }

  get isPlaying(): boolean {
    return this.#playing;
  }

  /** The last statement that has come by now; -1: none. */
  get current(): number {
    return this.#times.findLastIndex((time) => time <= this.#atMs);
  }

  timeOf(n: number): number {
    return this.#times[n] ?? 0;
  }

  set speed(speed: number) {
    this.#speed = speed;
  }

  jumpTo(ms: number): void {
    this.#atMs = Math.min(this.lengthMs, Math.max(0, ms));
    this.#onChange();
  }

  step(by: number): void {
    this.pause();
    const next = Math.min(this.#times.length - 1, Math.max(0, this.current + by));
    this.jumpTo(this.timeOf(next));
  }

  toggle(): void {
    if (this.#playing) this.pause();
    else this.#play();
  }

  #play(): void {
    if (this.#atMs >= this.lengthMs) this.#atMs = 0;
    this.#playing = true;
    this.#lastMs = performance.now();
    const tick = (now: number) => {
      if (!this.#playing) return;
      const next = this.#atMs + (now - this.#lastMs) * this.#speed;
      this.#lastMs = now;
      if (next >= this.lengthMs) this.#playing = false;
      this.jumpTo(next);
      this.#frame = requestAnimationFrame(tick);
    };
    this.#frame = requestAnimationFrame(tick);
    this.#onChange();
  }

  pause(): void {
    this.#playing = false;
    cancelAnimationFrame(this.#frame);
    this.#onChange();
  }
}
