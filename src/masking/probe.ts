/** What detectors say of a column's values, for whoever looks for columns to mask. Nothing is masked here. */
import { ByteSink } from './byte-sink.ts';
import { baseOf, type CellType } from './cell-type.ts';
import { POSTGRES_CODEC } from './codec/postgres.ts';
import { ALNUM, KIND } from './detectors/bytes.ts';
import { Hits } from './detectors/hits.ts';
import { DETECTORS, type DetectorName } from './detectors/index.ts';
import { Scanner, ScanTables } from './detectors/scanner.ts';

const NAMES = Object.keys(DETECTORS).filter((name): name is DetectorName => Object.hasOwn(DETECTORS, name));
/** The same tables serve every column; they are made when somebody first asks. */
let tables: ScanTables | null = null;

/** `whole`: apart from blanks and signs the value is nothing else. `part`: there is more in it. */
export type Found = 'whole' | 'part';

/** Looks into the values of one column, in the server's text format. */
export class DetectorProbe {
  readonly #scanner: Scanner;
  readonly #type: CellType;
  readonly #hits = new Hits();
  readonly #sink = new ByteSink(64);

  /** `label`: the column's name, which tells detectors what to expect. */
  constructor(type: CellType, label: string) {
    tables ??= new ScanTables(
      NAMES.map((name, rule) => ({ detector: DETECTORS[name], rule })),
      [],
    );
    this.#scanner = new Scanner(tables, label);
    this.#type = type;
  }

  /** Which detectors find something in a value; an array's elements count one by one, the closest match of each. */
  look(value: string): ReadonlyMap<DetectorName, Found> {
    const found = new Map<DetectorName, Found>();
    const bytes = Buffer.from(value);
    this.#lookInto(bytes, 0, bytes.length, this.#type, found);
    return found;
  }

  #lookInto(source: Buffer, start: number, end: number, of: CellType, found: Map<DetectorName, Found>): void {
    const type = baseOf(of);
    if (type.kind === 'array') {
      this.#sink.reset();
      const read = POSTGRES_CODEC.rewrite(
        source,
        start,
        end,
        'array',
        'text',
        type.delimiter,
        (inner, from, to) => {
          this.#lookInto(inner, from, to, type.of, found);
          return false;
        },
        this.#sink,
      );
      if (read) return;
    }
    this.#hits.clear();
    this.#scanner.scan(source, start, start, end, this.#hits);
    const how = this.#hits.count > 0 && this.#isAll(source, start, end) ? 'whole' : 'part';
    for (let i = 0; i < this.#hits.count; i++) {
      const name = NAMES[this.#hits.rule(i)];
      if (name !== undefined && found.get(name) !== 'whole') found.set(name, how);
    }
  }

  /** Whether no letter or digit lies outside of what was found. */
  #isAll(source: Buffer, start: number, end: number): boolean {
    let at = start;
    for (let i = 0; i <= this.#hits.count; i++) {
      const stop = i === this.#hits.count ? end : this.#hits.start(i);
      for (; at < stop; at++) {
        const byte = source[at] ?? 0;
        if (byte >= 0x80 || ((KIND[byte] ?? 0) & ALNUM) !== 0) return false;
      }
      if (i < this.#hits.count) at = this.#hits.end(i);
    }
    return true;
  }
}
