import type { Row } from '$api/licenses';

/** What the rows, in the table or as cards, ask of the screen around them. */
export interface Deeds {
  add: (row: Row) => void;
  renewal: (row: Row, on: boolean) => void;
  /** The active license when no queued one is named. */
  takeBack: (row: Row, queued?: Row['queued'][number]) => void;
  open: ((row: Row) => void) | undefined;
  /** Where a license key's page is. */
  keyPage: (key: string) => string;
}

/** The rows that are picked for something to be done with all of them. */
export class Selection {
  #rows = $state.raw(new Map<string, Row>());
  size = $derived(this.#rows.size);
  ids = $derived([...this.#rows.keys()]);
  rows = $derived([...this.#rows.values()]);

  has(row: Row): boolean {
    return this.#rows.has(row.id);
  }

  toggle(row: Row): void {
    const rows = new Map(this.#rows);
    if (!rows.delete(row.id)) rows.set(row.id, row);
    this.#rows = rows;
  }

  /** Everything between two rows, both included, as with Shift. */
  add(rows: Row[]): void {
    this.#rows = new Map([...this.#rows, ...rows.map((row) => [row.id, row] as const)]);
  }

  remove(rows: Row[]): void {
    const left = new Map(this.#rows);
    for (const { id } of rows) left.delete(id);
    this.#rows = left;
  }

  clear(): void {
    this.#rows = new Map();
  }
}
