/** Whether the server can be reached, as far as we know. */
class Network {
  #browser = $state(navigator.onLine);
  #server = $state(true);
  offline = $derived(!this.#browser || !this.#server);
  /** Grows each time the connection comes back: a resource that failed tries again. */
  returns = $state(0);

  constructor() {
    addEventListener('online', () => {
      this.#browser = true;
      void this.#ask();
    });
    addEventListener('offline', () => (this.#browser = false));
  }

  failed(): void {
    if (!this.#server) return;
    this.#server = false;
    setTimeout(() => void this.#ask(), 4000);
  }

  worked(): void {
    if (!this.#server) this.returns += 1;
    this.#server = true;
  }

  async #ask(): Promise<void> {
    try {
      // Any answer but a gateway's shows that the server is there again.
      const response = await fetch('/api/v1/sessions/current', { cache: 'no-store' });
      if (response.status < 502) return this.worked();
    } catch {
      // Still away.
    }
    setTimeout(() => void this.#ask(), 4000);
  }
}

export const network = new Network();
