import { createSubscriber } from 'svelte/reactivity';

/**
 * Which of many rows are near the eye, so that only they are in the document.
 *
 * The page itself scrolls. Heights are known beforehand, row by row, in pixels: nothing is measured and nothing jumps.
 */
export class Windowed {
  /** The element that the rows stand in; its top is where the first row begins. */
  element: HTMLElement | undefined = $state();
  #heights: () => ArrayLike<number>;
  #scrolled: () => void;

  constructor(heights: () => ArrayLike<number>) {
    this.#heights = heights;
    this.#scrolled = createSubscriber((update) => {
      addEventListener('scroll', update, { passive: true });
      addEventListener('resize', update, { passive: true });
      return () => {
        removeEventListener('scroll', update);
        removeEventListener('resize', update);
      };
    });
  }

  /** Where each row begins, and at the end where the last one stops. */
  #offsets = $derived.by(() => {
    const heights = this.#heights();
    const offsets = new Float64Array(heights.length + 1);
    for (let row = 0; row < heights.length; row++) offsets[row + 1] = offsets[row]! + heights[row]!;
    return offsets;
  });

  total = $derived(this.#offsets.at(-1) ?? 0);

  top(row: number): number {
    return this.#offsets[row] ?? 0;
  }

  /** The first row near the eye, with some before it. In steps of four, so that not every pixel of scrolling is a change. */
  from = $derived.by((): number => {
    this.#scrolled();
    return this.element ? Math.max(0, (this.#at(this.#above()) - 7) & ~3) : 0;
  });

  /** The row after the last near the eye. */
  to = $derived.by((): number => {
    this.#scrolled();
    const count = this.#offsets.length - 1;
    return Math.min(count, this.element ? (this.#at(this.#above() + innerHeight) + 11) & ~3 : 20);
  });

  /** How much of the rows is above the window. */
  #above(): number {
    return -(this.element?.getBoundingClientRect().top ?? 0);
  }

  /** Scrolls as little as shows the whole row, below what sticks to the top and above what sticks to the bottom. */
  reveal(row: number, above = 0, below = 0): void {
    if (!this.element) return;
    const place = this.element.getBoundingClientRect().top;
    const top = place + this.top(row);
    const bottom = place + this.top(row + 1);
    if (top < above) scrollBy({ top: top - above, behavior: 'instant' });
    else if (bottom > innerHeight - below) scrollBy({ top: bottom - innerHeight + below, behavior: 'instant' });
  }

  /** The row at a distance from the top. */
  #at(distance: number): number {
    const offsets = this.#offsets;
    let low = 0;
    let high = Math.max(0, offsets.length - 2);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (offsets[middle]! <= distance) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
