import { network } from './network.svelte';
import { Problem } from './problem';

/**
 * What a screen shows of the server: loaded when its key changes, kept while it is loaded anew.
 *
 *     const tokens = resource(() => session.organization.id, (id, signal) => listTokens(id, signal));
 *     tokens.data · tokens.problem · tokens.loading (nothing to show yet) · tokens.reload()
 *
 * Call it while a component is made. A key of null or undefined loads nothing.
 */
export class Resource<K, T> {
  data = $state.raw<T>();
  problem = $state.raw<Problem>();
  busy = $state(false);
  loading = $derived(this.data === undefined && this.problem === undefined);
  #key: () => K | null | undefined;
  #load: (key: K, signal: AbortSignal) => Promise<T>;
  #abort: AbortController | undefined;

  constructor(key: () => K | null | undefined, load: (key: K, signal: AbortSignal) => Promise<T>) {
    this.#key = key;
    this.#load = load;
    let shown: string | undefined;
    $effect(() => {
      const now = key();
      const text = JSON.stringify(now);
      if (text !== shown) {
        shown = text;
        this.data = undefined;
        this.problem = undefined;
      }
      void this.#run(now);
      return () => this.#abort?.abort();
    });
    $effect(() => {
      if (network.returns > 0 && this.problem?.code === 'offline') void this.reload();
    });
  }

  /** Loads again; what is shown stays until the answer is there. */
  reload = (): Promise<void> => this.#run(this.#key());

  async #run(key: K | null | undefined): Promise<void> {
    this.#abort?.abort();
    if (key === null || key === undefined) return;
    const abort = (this.#abort = new AbortController());
    this.busy = true;
    try {
      const data = await this.#load(key, abort.signal);
      if (abort.signal.aborted) return;
      this.data = data;
      this.problem = undefined;
    } catch (thrown) {
      if (abort.signal.aborted) return;
      this.problem = Problem.from(thrown);
    } finally {
      if (this.#abort === abort) this.busy = false;
    }
  }
}

export function resource<K, T>(key: () => K | null | undefined, load: (key: K, signal: AbortSignal) => Promise<T>): Resource<K, T> {
  return new Resource(key, load);
}

/**
 * Something that a person does: `const save = action(async () => …)`, `save.run()`, `save.busy`, `save.problem`.
 * While it runs, another start is not heard.
 */
class Action<A extends unknown[]> {
  busy = $state(false);
  problem = $state.raw<Problem>();
  #does: (...args: A) => Promise<unknown>;

  constructor(does: (...args: A) => Promise<unknown>) {
    this.#does = does;
  }

  /** Whether it was done. */
  run = async (...args: A): Promise<boolean> => {
    if (this.busy) return false;
    this.busy = true;
    this.problem = undefined;
    try {
      await this.#does(...args);
      return true;
    } catch (thrown) {
      this.problem = Problem.from(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  };

  clear = (): void => {
    this.problem = undefined;
  };
}

export function action<A extends unknown[]>(does: (...args: A) => Promise<unknown>): Action<A> {
  return new Action(does);
}
