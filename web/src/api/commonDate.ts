/** Bringing sensors to expire around one date, with whole licenses of the pool. */
import type { Client } from 'openapi-fetch';
import { api, body } from '$lib/api';

export interface PlannedLicense {
  key: string;
  term: string;
  activation_date: string;
  expires_on: string;
}
export interface PlannedEnd {
  sensor_id: string;
  serial: string;
  name: string;
  ends_on: string | null;
  licenses: PlannedLicense[];
  expires_on: string | null;
  days_from_date: number | null;
}
/** What was queued. */
export interface Brought {
  date: string;
  items: PlannedEnd[];
  licenses_needed: number;
  licenses_left: number;
}
export interface CommonDate extends Brought {
  /** How many more licenses it would take, were there enough of each length. */
  short: number;
  /** Null where no sensor has an end. */
  spread_days_before: number | null;
  spread_days_after: number | null;
  goes_without: { id: string; name: string; serial: string; on: string }[];
  /** Tells this plan from another one. */
  plan: string;
}
export interface SuggestedDate {
  date: string;
  spread_days: number;
  licenses_needed: number;
  /** How many sensors would stay without cover. */
  uncovered: number;
}

interface Answer<T> {
  responses: { 200: { content: { 'application/json': T } } };
}
interface InOrganization {
  parameters: { path: { organization_id: string } };
}
interface Asks<B> {
  requestBody: { content: { 'application/json': B } };
}
interface Chosen {
  sensor_ids: string[];
  date: string;
  key?: string | undefined;
}
const ROOT = '/api/v1/organizations/{organization_id}';
interface Paths {
  '/api/v1/organizations/{organization_id}/common-date/dates': { post: InOrganization & Asks<{ sensor_ids: string[]; key?: string | undefined }> & Answer<{ items: SuggestedDate[] }> };
  '/api/v1/organizations/{organization_id}/common-date/preview': { post: InOrganization & Asks<Chosen> & Answer<CommonDate> };
  '/api/v1/organizations/{organization_id}/common-date': { post: InOrganization & Asks<Chosen & { expected: string }> & Answer<Brought> };
}
const open = api as unknown as Client<Paths>;
const of = (organization_id: string) => ({ path: { organization_id } });

/** The best first. */
export const suggestDates = async (organization: string, sensor_ids: string[], key: string | undefined, signal?: AbortSignal): Promise<SuggestedDate[]> =>
  (await body(open.POST(`${ROOT}/common-date/dates`, { params: of(organization), body: { sensor_ids, key }, signal }))).items;

export const previewCommonDate = (organization: string, chosen: Chosen, signal?: AbortSignal): Promise<CommonDate> =>
  body(open.POST(`${ROOT}/common-date/preview`, { params: of(organization), body: chosen, signal }));

/** Queues the licenses, all or none; refused with `plan_changed` when it would not be what the preview has shown. */
export const bringToDate = (organization: string, chosen: Chosen, expected: string): Promise<Brought> =>
  body(open.POST(`${ROOT}/common-date`, { params: of(organization), body: { ...chosen, expected } }));
