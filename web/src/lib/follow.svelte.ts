/** Follows something that was put into the outbox until it was sent or has failed. Call it while a component is made. */
import type { Posted } from '$api/notices';
import { Problem } from './problem';

const SECONDS = 1.5;
/** After so many looks it is looked at no more: it waits for its next try, which may be hours away. */
const MOST_LOOKS = 80;

class Follow<T extends Posted> {
  item = $state.raw<T>();
  problem = $state.raw<Problem>();
  #looks = $state(0);

  constructor(look: (id: string, signal: AbortSignal) => Promise<T | undefined>, settled: () => unknown) {
    $effect(() => {
      const { item } = this;
      if (!item || item.state !== 'queued' || this.#looks >= MOST_LOOKS) return;
      const abort = new AbortController();
      const timer = setTimeout(async () => {
        let found: T | undefined;
        try {
          found = await look(item.id, abort.signal);
          this.problem = undefined;
        } catch (thrown) {
          // It is tried once more; the network says so itself.
          if (!abort.signal.aborted) this.problem = Problem.from(thrown);
        }
        if (abort.signal.aborted) return;
        this.#looks += 1;
        this.item = { ...(found ?? item) };
        if (found && found.state !== 'queued') settled();
      }, SECONDS * 1000);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }

  begin(item: T): void {
    this.#looks = 0;
    this.item = item;
  }
}

/** `look` finds it by its id; `settled` hears that it was sent or has failed. */
export function follow<T extends Posted>(look: (id: string, signal: AbortSignal) => Promise<T | undefined>, settled: () => unknown): Follow<T> {
  return new Follow(look, settled);
}
