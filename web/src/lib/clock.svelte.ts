/**
 * What time it is: the server's clock decides. `clock.now` moves every few seconds while the page is looked at, so that
 * “12 seconds ago” stays true; `clock.at()` is exact.
 */
import { service } from '$api/session';

class Clock {
  #offset = Date.now() - performance.now();
  now = $state(Date.now());

  constructor() {
    void this.sync();
    setInterval(() => {
      if (!document.hidden) this.now = this.at();
    }, 3000);
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) void this.sync();
    });
  }

  /** The server's time now, in milliseconds since 1970. */
  at(): number {
    return performance.now() + this.#offset;
  }

  async sync(): Promise<void> {
    try {
      const { now } = await service();
      this.#offset = Date.parse(now) - performance.now();
    } catch {
      // The browser's clock has to do.
    }
    this.now = this.at();
  }
}

export const clock = new Clock();
