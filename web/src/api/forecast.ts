/** The forecast: R12–R16 played forward, with steps that somebody thinks of or without. */
import type { Client } from 'openapi-fetch';
import { api, body, type Page } from '$lib/api';

/** A step of “what if”. They are played in order, as of now. */
export type Step =
  | { do: 'redeem'; licenses: number; term: string }
  | { do: 'auto_renewal'; sensor_ids: string[]; on: boolean }
  | { do: 'assign'; sensor_ids: string[]; key?: string }
  | { do: 'remove'; sensor_ids: string[] }
  | { do: 'replace'; sensor_id: string; serial: string };

/** A month's figures: what happens in it, and how many licenses and covered sensors there are at its end. */
export interface Month {
  /** `2027-01`. */
  month: string;
  expirations: number;
  renewals: number;
  queue_starts: number;
  goes_without: number;
  stops: number;
  licenses_left: number;
  covered: number;
}

export interface Purchase {
  by: string;
  licenses: number;
  term: string;
  cumulative: number;
}

export interface Forecast {
  from: string;
  until: string;
  /** In licenses of which term `to_buy` is counted; null when there never was a license. */
  term: string | null;
  /** Now, after the steps, as the next three. */
  licenses_left: number;
  covered: number;
  /** Expired sensors with auto renewal on, which take the next licenses that come (R15). */
  waiting: number;
  /** How many that waited got a license by the steps. */
  renewed_now: number;
  months: Month[];
  days: { date: string; ends: number; renews: number; goes_without: number; stops: number }[];
  to_buy: Purchase[];
  lapses: { count: number; first_on: string | null };
  compared: { goes_without_before: number; goes_without_after: number; saved: number; lost: number } | null;
}

export const OUTCOMES = ['goes_without', 'stops', 'renews'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A sensor whose chain ends within the forecast. */
export interface Ending {
  id: string;
  serial: string;
  name: string;
  ends_on: string;
  ends_at: string;
  /** What it comes to in the end: who is renewed twice and then finds no license goes without. */
  outcome: Outcome;
  renewal_count: number;
  /** The first 50. The key of a license that only the steps bring is null. */
  renewals: { at: string; activation_date: string; expires_on: string; term: string; key: string | null }[];
  lapses_on: string | null;
}

interface Answer<T> {
  responses: { 200: { content: { 'application/json': T } } };
}
interface InOrganization<Q = object> {
  parameters: { path: { organization_id: string }; query?: Q };
}
interface Asks<B> {
  requestBody: { content: { 'application/json': B } };
}
interface Span {
  until?: string | undefined;
  term?: string | undefined;
}
interface EndingAsked {
  until?: string | undefined;
  outcome?: Outcome | undefined;
  search?: string | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
}
const ROOT = '/api/v1/organizations/{organization_id}';
interface Paths {
  '/api/v1/organizations/{organization_id}/forecast': {
    get: InOrganization<Span> & Answer<Forecast>;
    post: InOrganization & Asks<Span & { what_if: Step[] }> & Answer<Forecast>;
  };
  '/api/v1/organizations/{organization_id}/forecast/sensors': {
    get: InOrganization<EndingAsked> & Answer<Page<Ending>>;
    post: InOrganization & Asks<EndingAsked & { what_if: Step[] }> & Answer<Page<Ending>>;
  };
}
const open = api as unknown as Client<Paths>;
const of = (organization_id: string) => ({ path: { organization_id } });

export const getForecast = (organization: string, span: Span, what_if: Step[], signal?: AbortSignal): Promise<Forecast> =>
  what_if.length
    ? body(open.POST(`${ROOT}/forecast`, { params: of(organization), body: { ...span, what_if }, signal }))
    : body(open.GET(`${ROOT}/forecast`, { params: { ...of(organization), query: span }, signal }));

/** The sensors whose chains end in the span, in the order of R14. */
export const listEndings = (organization: string, asked: EndingAsked, what_if: Step[], signal?: AbortSignal): Promise<Page<Ending>> =>
  what_if.length
    ? body(open.POST(`${ROOT}/forecast/sensors`, { params: of(organization), body: { ...asked, what_if }, signal }))
    : body(open.GET(`${ROOT}/forecast/sensors`, { params: { ...of(organization), query: asked }, signal }));

/** The ids of all of them, at most so many. */
export async function endingIds(organization: string, asked: EndingAsked, what_if: Step[], most: number, signal?: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<Ending> = await listEndings(organization, { ...asked, cursor, limit: 200 }, what_if, signal);
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next_cursor ?? undefined;
  } while (cursor && ids.length < most);
  return ids.slice(0, most);
}

/** The most sensors that a step may name. */
export const MOST_SENSORS = 1000;
