/** The forecast: R12–R16 played forward, with steps that somebody thinks of or without. */
import { api, body, type Page, type Schemas } from '$lib/api';

/** A step of “what if”. They are played in order, as of now. */
export type Step = Schemas['WhatIf'];
/** A month's figures: what happens in it, and how many licenses and covered sensors there are at its end. */
export type Month = Schemas['ForecastMonth'];
export type Forecast = Schemas['Forecast'];
/** A sensor whose chain ends within the forecast. */
export type Ending = Schemas['ForecastSensor'];
export type Outcome = Schemas['ForecastOutcome'];
export const OUTCOMES = ['goes_without', 'stops', 'renews'] as const satisfies Outcome[];

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
const of = (organization_id: string) => ({ path: { organization_id } });

export const getForecast = (organization: string, span: Span, what_if: Step[], signal?: AbortSignal): Promise<Forecast> =>
  what_if.length
    ? body(api.POST('/api/v1/organizations/{organization_id}/forecast', { params: of(organization), body: { ...span, what_if }, signal }))
    : body(api.GET('/api/v1/organizations/{organization_id}/forecast', { params: { ...of(organization), query: span }, signal }));

/** The sensors whose chains end in the span, in the order of R14. */
export const listEndings = (organization: string, asked: EndingAsked, what_if: Step[], signal?: AbortSignal): Promise<Page<Ending>> =>
  what_if.length
    ? body(api.POST('/api/v1/organizations/{organization_id}/forecast/sensors', { params: of(organization), body: { ...asked, what_if }, signal }))
    : body(api.GET('/api/v1/organizations/{organization_id}/forecast/sensors', { params: { ...of(organization), query: asked }, signal }));

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

/** The most sensors of a step: they stand in the page's address. */
export const MOST_SENSORS = 1000;
