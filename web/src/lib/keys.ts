/**
 * The `Idempotency-Key` of each request that changes something. What a person does has one key, which it keeps while no
 * answer has come: whoever does the same again because the connection was lost does it once.
 */

/** How long a person may take to try again, in milliseconds. Later they mean something new. */
const KEPT = 5 * 60_000;

interface Kept {
  key: string;
  since: number;
}

export class Keys {
  /** Requests without an answer, by what they ask for. */
  #unanswered = new Map<string, Kept>();
  #now: () => number;
  #made: () => string;

  constructor(now: () => number, made: () => string) {
    this.#now = now;
    this.#made = made;
  }

  /** The key with which to send this. */
  of(asked: string): string {
    for (const [other, { since }] of this.#unanswered) if (this.#now() - since > KEPT) this.#unanswered.delete(other);
    return this.#unanswered.get(asked)?.key ?? this.#made();
  }

  /** No answer has come: whether it was done is not known. */
  lost(asked: string, key: string): void {
    if (!this.#unanswered.has(asked)) this.#unanswered.set(asked, { key, since: this.#now() });
  }

  answered(asked: string): void {
    this.#unanswered.delete(asked);
  }
}

/** 128 random bits; `crypto.randomUUID` is only there with HTTPS. */
export const randomKey = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
