import { Problem } from './problem';

/**
 * Of a form: what is there now, when somebody has changed it since the person has seen it.
 *
 *     const meanwhile = new Meanwhile(() => getOrganization(id));
 *     const save = action(() => meanwhile.guard(() => changeOrganization(id, changes, tag)));
 *     {#if meanwhile.now}<Changed …>{:else}<ErrorBox problem={save.problem} />{/if}
 */
export class Meanwhile<T> {
  now = $state.raw<T>();
  #load: () => Promise<T | undefined>;

  constructor(load: () => Promise<T | undefined>) {
    this.#load = load;
  }

  /** Does something that is refused when it has changed; then fetches what is there. */
  async guard<R>(does: () => Promise<R>): Promise<R> {
    this.now = undefined;
    try {
      return await does();
    } catch (thrown) {
      if (Problem.from(thrown).code === 'changed_meanwhile') this.now = await this.#load();
      throw thrown;
    }
  }

  /** The person has decided. */
  clear = (): void => {
    this.now = undefined;
  };
}
