import { t } from './i18n.svelte';

type Words = Record<string, string | ((problem: Problem) => string)>;

/** What the server refused, or that it could not be reached (`offline`) or understood (`unknown`). */
export class Problem extends Error {
  constructor(
    /** The stable code: `no_license_left`. */
    readonly code: string,
    readonly status: number,
    /** The server's own sentence. */
    readonly detail: string,
    /** Everything that the answer held, for refusals with details. */
    readonly body: Record<string, unknown> = {},
    /** Seconds to wait, where the server named them. */
    readonly retryAfter?: number,
  ) {
    super(detail || code);
  }

  /** The sentence for a person: ours in their language when we know the code, else the server's. */
  get sentence(): string {
    const words: Words = this.code === 'invalid' ? t.invalid : t.refusals;
    // The detail of `invalid` is “field: what is expected”.
    const known = words[this.code === 'invalid' ? (this.detail.split(':')[0] ?? '') : this.code];
    if (typeof known === 'function') return known(this);
    return known ?? (this.detail || t.refusals.unknown);
  }

  static async of(response: Response): Promise<Problem> {
    const wait = Number(response.headers.get('Retry-After')) || undefined;
    try {
      const body = (await response.json()) as Record<string, unknown>;
      return new Problem(String(body.code ?? 'unknown'), response.status, String(body.detail ?? ''), body, wait);
    } catch {
      return new Problem(response.status >= 500 ? 'server_error' : 'unknown', response.status, '', {}, wait);
    }
  }

  /** Whatever was thrown, as a problem. */
  static from(thrown: unknown): Problem {
    if (thrown instanceof Problem) return thrown;
    console.error(thrown);
    return new Problem('unknown', 0, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** The limits of a number that was refused, where the server names them: “a number from 1 to 43200”. */
export function range(problem: Problem): [least: number, most: number] | [] {
  const found = /\b(?:from )?(\d+) to (\d+)\b/.exec(problem.detail);
  return found ? [Number(found[1]), Number(found[2])] : [];
}
