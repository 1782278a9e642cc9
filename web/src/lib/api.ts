/** The way to the server. Every call ends in its body or throws a `Problem`. */
import createClient, { createFinalURL, defaultPathSerializer } from 'openapi-fetch';
import type { components, paths } from '$api/schema';
import { Keys, randomKey } from './keys';
import { network } from './network.svelte';
import { Problem } from './problem';

export { events } from './events';

export type Schemas = components['schemas'];

/** Called when the server does not know us any more. */
let lost: () => void = () => {};
export function whenSessionIsLost(then: () => void): void {
  lost = then;
}

const keys = new Keys(() => performance.now(), randomKey);
/** How often a request is asked for whose first try is still at work, once a second. */
const PATIENCE = 30;

/** Sends a request that changes something with the key by which it is done once. */
async function sendOnce(request: Request): Promise<Response> {
  const asked = `${request.method} ${request.url} ${await request.clone().text()}`;
  const key = keys.of(asked);
  request.headers.set('Idempotency-Key', key);
  for (let tries = 1; ; tries += 1) {
    let response: Response;
    try {
      response = await send(request.clone());
    } catch (thrown) {
      keys.lost(asked, key);
      throw thrown;
    }
    const { status } = response;
    const busy = status === 409 && (await Problem.of(response.clone())).code === 'idempotency_in_progress';
    if (busy && tries < PATIENCE) {
      await new Promise((wake) => setTimeout(wake, 1000));
      continue;
    }
    // Behind 5xx it may have been done all the same.
    if (busy || status >= 500) keys.lost(asked, key);
    else keys.answered(asked);
    return response;
  }
}

async function send(request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(request);
  } catch (thrown) {
    if (request.signal.aborted) throw thrown;
    network.failed();
    throw new Problem('offline', 0, '');
  }
  // A proxy in front of a server that is off.
  if (response.status === 502 || response.status === 503 || response.status === 504) network.failed();
  else network.worked();
  return response;
}

async function refuse(response: Response): Promise<never> {
  const problem = await Problem.of(response);
  if (problem.code === 'unauthenticated') lost();
  throw problem;
}

/** Parameters that are empty are not asked for. */
function querySerializer(query: Record<string, unknown>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  return search.toString();
}

/** What looks at something, or may be sent again anyway, needs no key. */
const looks = (request: Request): boolean => {
  if (request.method === 'GET') return true;
  const { pathname, searchParams } = new URL(request.url);
  return /\/(preview|forecast|forecast\/sensors|common-date\/dates)$/.test(pathname) || searchParams.get('dry_run') === 'true';
};

const client = createClient<paths>({ baseUrl: '', fetch: (request) => (looks(request) ? send(request) : sendOnce(request)), querySerializer });
client.use({
  async onResponse({ response }) {
    if (!response.ok) await refuse(response);
    return undefined;
  },
});

/** The typed calls of docs/openapi.json: `await body(api.GET('/api/v1/…', {params: {path: {…}}}))`. */
export const api = client;

/** The body of a call made by `api`. */
export async function body<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data } = await call;
  return data as T;
}

/** The body of a call, with the tag by which a change of it says what it is a change of. */
export async function tagged<T>(call: Promise<{ data?: T; response: Response }>): Promise<T & { etag: string }> {
  const { data, response } = await call;
  return { ...(data as T), etag: response.headers.get('ETag') ?? '' };
}

/** A change that is made only while the tag is still that of what is there; without one, whatever is there. */
export const ifMatch = (tag: string | undefined): { header?: { 'If-Match': string } } =>
  tag ? { header: { 'If-Match': tag.startsWith('"') ? tag : `"${tag}"` } } : {};

/** Routes that answer with a file. */
type Files = Extract<keyof paths, `${string}.csv` | `${string}.xlsx`>;

/** Where the browser gets a file. */
export function fileAddress<P extends Files>(path: P, params: paths[P]['get']['parameters']): string {
  return createFinalURL(path, { baseUrl: '', params, querySerializer, pathSerializer: defaultPathSerializer });
}

/**
 * A schema's type with some of its fields told more exactly, where the document says only “string”: `Narrowed<Schemas['User'], {…}>`.
 * The compiler sees to it that the document has these fields and that they could hold this.
 */
export type Narrowed<T, N extends { [K in keyof N]: K extends keyof T ? T[K] : never }> = Omit<T, keyof N> & N;

/** A page of a list. */
export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** All items of a list that is read page by page. */
export async function all<T>(page: (query: { limit: number; cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null | undefined;
  do {
    const next: Page<T> = await page({ limit: 200, ...(cursor ? { cursor } : {}) });
    items.push(...next.items);
    cursor = next.next_cursor;
  } while (cursor);
  return items;
}
