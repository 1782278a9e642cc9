/** The way to the server. Every call ends in its body or throws a `Problem`. */
import createClient, { createFinalURL, defaultPathSerializer } from 'openapi-fetch';
import type { components, paths } from '$api/schema';
import { network } from './network.svelte';
import { Problem } from './problem';

export type Schemas = components['schemas'];

/** Called when the server does not know us any more. */
let lost: () => void = () => {};
export function whenSessionIsLost(then: () => void): void {
  lost = then;
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

const client = createClient<paths>({ baseUrl: '', fetch: send, querySerializer });
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

/** Routes that answer with a file. */
type Files = Extract<keyof paths, `${string}.csv`>;

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
