/**
 * The catalog of one upstream, kept current: read at the start, after DDL that went through Sluice, when a name is
 * not found, and on a timer. While a new one is read, the old one serves; the epoch changes only if something did.
 */

/** A reading of everything that there is: plain data, by which two readings are compared, and what is made of it. */
export interface CatalogContents<Catalog> {
  /** Equal for equal contents. */
  readonly fingerprint: string;
  make(epoch: number): Catalog;
}

export interface CatalogSource<Catalog> {
  /** Reads everything anew. */
  read(): Promise<CatalogContents<Catalog>>;
  close(): Promise<void>;
}

/** What the gate asks of a catalog, whatever the dialect. */
export interface CatalogState {
  readonly isStale: boolean;
  mayBeOutdated(): boolean;
  refresh(): Promise<Error | null>;
  definitionsChanged(): void;
  definitionsAbandoned(): void;
}

export interface LiveCatalogOptions<Catalog> {
  readonly source: CatalogSource<Catalog>;
  /** Another epoch is about to serve. */
  readonly onNew: (catalog: Catalog) => void;
  readonly now: () => number;
  readonly onError: (error: Error) => void;
}

/** A name that is not found makes the catalog be read again, but not more often than this. */
const UNRESOLVED_AGAIN_MS = 5_000;

/** When the catalog is to be read again after a session has left something behind that may yet be carried out. */
const ABANDONED_AGAIN_MS: readonly number[] = [50, 250, 1_000, 5_000];

export class LiveCatalog<Catalog> implements CatalogState {
  readonly #options: LiveCatalogOptions<Catalog>;
  #current: Catalog | null = null;
  #fingerprint = '';
  #epoch = 0;
  #reading: Promise<Error | null> | null = null;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** When it was last read well; null: never. */
  #goodAtMs: number | null = null;
  /** Definitions have changed since the last reading began. */
  #stale = false;
  /** They had changed before the reading that is under way began: until it has ended, what is at hand is out of date. */
  #beingMended = false;

  constructor(options: LiveCatalogOptions<Catalog>) {
    this.#options = options;
  }

  get current(): Catalog | null {
    return this.#current;
  }

  get isStale(): boolean {
    return this.#stale || this.#beingMended;
  }

  /** Since it was last read; null: it never could be. */
  get ageMs(): number | null {
    return this.#goodAtMs === null ? null : this.#options.now() - this.#goodAtMs;
  }

  /** Something was defined or destroyed and committed. */
  definitionsChanged(): void {
    this.#stale = true;
  }

  /** A session has ended amid something that defines: the server may carry it out all the same, now or soon. */
  definitionsAbandoned(): void {
    this.#stale = true;
    for (const ms of ABANDONED_AGAIN_MS) {
      setTimeout(() => {
        this.#stale = true;
      }, ms).unref();
    }
  }

  /** Whether reading again may find a name that was not found. */
  mayBeOutdated(): boolean {
    return this.#stale || this.#options.now() - this.#readAtMs > UNRESOLVED_AGAIN_MS;
  }

  /** Reads anew; callers at the same time share one reading. Resolves to the error, if there was one. */
  refresh(): Promise<Error | null> {
    if (this.#reading !== null) {
      // A reading that began before the change may have missed it.
      return this.#stale ? this.#reading.then(() => this.refresh()) : this.#reading;
    }
    const wasStale = this.#stale;
    this.#stale = false;
    this.#beingMended = wasStale;
    this.#reading = this.#read(wasStale).finally(() => {
      this.#reading = null;
      this.#beingMended = false;
    });
    return this.#reading;
  }

  async #read(wasStale: boolean): Promise<Error | null> {
    try {
      const contents = await this.#options.source.read();
      this.#readAtMs = this.#options.now();
      this.#goodAtMs = this.#readAtMs;
      if (contents.fingerprint !== this.#fingerprint || this.#current === null) {
        this.#fingerprint = contents.fingerprint;
        const made = contents.make(++this.#epoch);
        this.#options.onNew(made);
        this.#current = made;
      }
      return null;
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      this.#readAtMs = this.#options.now();
      // One that was good enough before stays so; one that a change has put out of date does not.
      if (wasStale) this.#stale = true;
      this.#options.onError(failure);
      return failure;
    }
  }

  close(): Promise<void> {
    return this.#options.source.close();
  }
}
