import type { Row } from '$api/licenses';
import { listSensors, type SensorsAsked } from '$api/sensors';
import { Problem } from '$lib/problem';

const PAGE = 100;

/**
 * The table's rows, which come page by page as one scrolls.
 *
 * What has come stays and is freshened in place, so that nothing moves under the eye; only another search, filter or order starts
 * anew.
 */
export class Rows {
  items = $state.raw<Row[]>([]);
  /** Whether there are no more rows than `items`. */
  complete = $state(false);
  problem = $state.raw<Problem>();
  /** Whether the first page of the present question has come. */
  there = $state(false);
  /** Grows with every new question: the table goes to its beginning. */
  questions = $state(0);

  #organization: string;
  #query: SensorsAsked = {};
  #cursor: string | null = null;
  #abort = new AbortController();
  #coming: Promise<void> | undefined;

  constructor(organization: string) {
    this.#organization = organization;
  }

  /** Asks for other rows. The old ones stay until the new ones are there. */
  ask(query: SensorsAsked): void {
    this.#query = query;
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#coming = undefined;
    this.#cursor = null;
    this.complete = false;
    this.problem = undefined;
    void this.#page(true);
  }

  /** Fetches the next page, unless one is on its way or all are there. */
  more(): void {
    if (this.complete || this.#coming || this.problem || !this.there) return;
    void this.#page(false);
  }

  retry = (): void => {
    this.problem = undefined;
    void this.#page(this.#cursor === null);
  };

  /** Puts one row in the place of its older self. */
  put(row: Row): void {
    this.items = this.items.map((old) => (old.id === row.id ? row : old));
  }

  /** Takes out a row whose sensor was removed. */
  drop(id: string): void {
    this.items = this.items.filter((row) => row.id !== id);
  }

  /** Fetches what is there again: the first four pages, which is what most people see, with what has come or gone meanwhile. */
  async freshen(): Promise<void> {
    if (!this.there || this.#coming) return;
    const { signal } = this.#abort;
    try {
      const fresh: Row[] = [];
      let cursor: string | null = null;
      let last: string | null = null;
      const wanted = Math.max(PAGE, Math.min(this.items.length, 4 * PAGE));
      do {
        const page = await listSensors(this.#organization, { ...this.#query, cursor, limit: 2 * PAGE }, signal);
        fresh.push(...page.items);
        last = cursor = page.next_cursor ?? null;
      } while (cursor && fresh.length < wanted);
      if (signal.aborted) return;
      if (this.items.length <= fresh.length || !last) {
        this.items = fresh;
        this.#cursor = last;
        this.complete = !last;
      } else {
        const known = new Map(fresh.map((row) => [row.id, row]));
        this.items = this.items.map((old) => known.get(old.id) ?? old);
      }
    } catch (thrown) {
      // What is shown stays; the line above the page says when the server is away.
      if (!signal.aborted) Problem.from(thrown);
    }
  }

  /** All rows up to `most`, for a selection of everything. */
  async all(most: number): Promise<Row[]> {
    while (!this.complete && this.items.length < most && !this.problem) {
      await (this.#coming ?? this.#page(false));
    }
    return this.items.slice(0, most);
  }

  stop(): void {
    this.#abort.abort();
  }

  #page(first: boolean): Promise<void> {
    const { signal } = this.#abort;
    const done = (): void => {
      if (!signal.aborted) this.#coming = undefined;
    };
    this.#coming = (async () => {
      try {
        const page = await listSensors(this.#organization, { ...this.#query, cursor: this.#cursor, limit: PAGE }, signal);
        if (signal.aborted) return;
        // A row that moved between two pages is not shown twice.
        const known = first ? null : new Set(this.items.map(({ id }) => id));
        this.items = first ? page.items : [...this.items, ...page.items.filter(({ id }) => !known?.has(id))];
        this.#cursor = page.next_cursor ?? null;
        this.complete = !this.#cursor;
        if (first) {
          this.there = true;
          this.questions += 1;
        }
      } catch (thrown) {
        if (!signal.aborted) this.problem = Problem.from(thrown);
      } finally {
        done();
      }
    })();
    return this.#coming;
  }
}
