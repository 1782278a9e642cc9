/** Bringing sensors to expire around one date, with whole licenses of the pool. */
import { api, body, type Schemas } from '$lib/api';

/** A sensor of the plan, with the licenses that it is given. */
export type PlannedEnd = Schemas['CommonDateSensor'];
export type CommonDate = Schemas['CommonDatePreview'];
export type SuggestedDate = Schemas['CommonDate'];
type Chosen = Schemas['CommonDateQuestion'];

const of = (organization_id: string) => ({ path: { organization_id } });

/** The best first. */
export const suggestDates = async (organization: string, sensor_ids: string[], key: string | undefined, signal?: AbortSignal): Promise<SuggestedDate[]> =>
  (await body(api.POST('/api/v1/organizations/{organization_id}/common-date/dates', { params: of(organization), body: { sensor_ids, key }, signal }))).items;

export const previewCommonDate = (organization: string, chosen: Chosen, signal?: AbortSignal): Promise<CommonDate> =>
  body(api.POST('/api/v1/organizations/{organization_id}/common-date/preview', { params: of(organization), body: chosen, signal }));

/** Queues the licenses, all or none; refused with `plan_changed` when it would not be what the preview has shown. */
export const bringToDate = (organization: string, chosen: Chosen, expected: string): Promise<Schemas['CommonDateDone']> =>
  body(api.POST('/api/v1/organizations/{organization_id}/common-date', { params: of(organization), body: { ...chosen, expected } }));
