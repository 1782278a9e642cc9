/**
 * How high a block was last time, for the same organization and on a screen as wide as this.
 *
 * Its place is kept while it is loaded, so that what stands below does not jump.
 */
export class Place {
  /** As a length of CSS; undefined when it was never seen like this. */
  readonly height: string | undefined;
  #name: string;
  #here: string;

  constructor(name: string, organization: string) {
    this.#name = `tenure.${name}`;
    this.#here = `${organization} ${innerWidth} `;
    const before = localStorage.getItem(this.#name) ?? '';
    this.height = before.startsWith(this.#here) ? before.slice(this.#here.length) : undefined;
  }

  /** Notes how high it is, unless somebody has opened something in it. */
  keep(block: HTMLElement): void {
    if (block.querySelector('[aria-expanded=true]')) return;
    localStorage.setItem(this.#name, `${this.#here}${block.getBoundingClientRect().height}px`);
  }
}
