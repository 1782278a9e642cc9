import { untrack } from 'svelte';
import type { Page } from './api';
import { network } from './network.svelte';
import { Problem } from './problem';

export interface Loaded<T> {
  cursor: string | null;
  items: T[];
}

/**
 * A list that comes in pages by cursor, as one scrolls: `more()` loads the next page, `refresh(place)` one that is shown, in place.
 * A new key begins anew; what was shown stays until its first page is there. Call it while a component is made.
 */
export class Pages<K, T> {
  pages = $state.raw<Loaded<T>[]>([]);
  problem = $state.raw<Problem>();
  busy = $state(false);
  done = $state(false);
  /** What is shown belongs to an older key. */
  stale = $state(true);
  /** Nothing to show yet. */
  loading = $derived(this.stale && this.pages.length === 0 && !this.problem);
  items: T[] = $derived(this.pages.flatMap(({ items }) => items));
  #next: string | null = null;
  #key: () => K;
  #load: (key: K, cursor: string | null, signal: AbortSignal) => Promise<Page<T>>;
  #abort = new AbortController();

  constructor(key: () => K, load: (key: K, cursor: string | null, signal: AbortSignal) => Promise<Page<T>>) {
    this.#key = key;
    this.#load = load;
    const text = $derived(JSON.stringify(key()));
    $effect(() => {
      void text;
      untrack(() => void this.restart());
      return () => this.#abort.abort();
    });
    $effect(() => {
      if (network.returns > 0 && this.problem?.code === 'offline') untrack(() => void this.restart());
    });
  }

  /** From the first page on. */
  restart = async (): Promise<void> => {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.busy = false;
    this.stale = true;
    this.problem = undefined;
    await this.#fetch(null);
  };

  more = async (): Promise<void> => {
    if (this.busy || this.done || this.stale || this.problem) return;
    await this.#fetch(this.#next);
  };

  /** After a failure. */
  retry = async (): Promise<void> => {
    this.problem = undefined;
    await (this.stale ? this.restart() : this.#fetch(this.#next));
  };

  /** Loads a page again without a word; what cannot be loaded stays as it is. */
  refresh = async (place: number): Promise<void> => {
    const page = this.pages[place];
    if (!page || this.stale) return;
    const { signal } = this.#abort;
    try {
      const { items } = await this.#load(this.#key(), page.cursor, signal);
      if (signal.aborted || this.pages[place] !== page) return;
      this.pages = this.pages.with(place, { cursor: page.cursor, items });
    } catch {
      // The network says so itself.
    }
  };

  async #fetch(cursor: string | null): Promise<void> {
    const { signal } = this.#abort;
    this.busy = true;
    try {
      const { items, next_cursor } = await this.#load(this.#key(), cursor, signal);
      if (signal.aborted) return;
      this.pages = this.stale ? [{ cursor, items }] : [...this.pages, { cursor, items }];
      this.#next = next_cursor ?? null;
      this.done = !this.#next;
      this.stale = false;
    } catch (thrown) {
      if (signal.aborted) return;
      this.problem = Problem.from(thrown);
    } finally {
      if (!signal.aborted) this.busy = false;
    }
  }
}

export function pages<K, T>(key: () => K, load: (key: K, cursor: string | null, signal: AbortSignal) => Promise<Page<T>>): Pages<K, T> {
  return new Pages(key, load);
}
