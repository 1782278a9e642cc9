/** A small router over the History API: the path chooses the screen, the query holds the screen's state. */
import { match, type Match } from '../routes';

class Router {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));
  /** How often the path has changed: 0 on the first view, which leaves the focus where the browser puts it. */
  visits = $state(0);
  match: Match = $derived(match(this.path));

  constructor() {
    history.scrollRestoration = 'manual';
    addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => this.#follow(event));
  }

  /** Goes to an address of this service; `replace` leaves no step to go back to. */
  go(address: string, { replace = false } = {}): void {
    if (replace) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    this.#read();
  }

  /** Changes the query of the address in place; null, '' and undefined take a name out of it. */
  setQuery(changes: Record<string, string | null | undefined>, { push = false } = {}): void {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(changes)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    const text = query.toString();
    if (text === this.query.toString()) return;
    const address = this.path + (text ? `?${text}` : '');
    if (push) history.pushState(null, '', address);
    else history.replaceState(null, '', address);
    this.query = query;
  }

  #read(): void {
    if (location.pathname !== this.path) {
      this.path = location.pathname;
      this.visits += 1;
      scrollTo(0, 0);
    }
    this.query = new URLSearchParams(location.search);
  }

  /** Ordinary links stay in the page; those with a modifier, a target or another host are the browser's. */
  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/api/') || link.pathname === '/openapi.json') return;
    if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }
}

export const router = new Router();

/** Reads one name of the query that may be one of a few words. */
export function oneOf<T extends string>(name: string, words: readonly T[], otherwise: T): T {
  const text = router.query.get(name);
  return words.find((word) => word === text) ?? otherwise;
}
