import { all, api, body, fileAddress, ifMatch, tagged, type Schemas } from '$lib/api';

export const STANDINGS = ['covered', 'expiring', 'expired', 'unlicensed'] as const satisfies readonly Standing[];
export type Standing = Schemas['Standing'];

/** A sensor with its license: what a list or the License Manager shows in a row. */
export type Sensor = Schemas['Sensor'];

export const SORTS = [
  'name',
  'serial',
  'standing',
  'activation_date',
  'expires_at',
  'covered_until',
  'key',
  'auto_renewal',
  'last_seen_at',
] as const satisfies readonly Sort[];
export type Sort = Schemas['SensorSort'];

export interface SensorsAsked {
  search?: string;
  standing?: Standing | '';
  sort?: Sort;
  order?: 'asc' | 'desc';
}

const of = (organization_id: string) => ({ path: { organization_id } });
const ofSensor = (organization_id: string, sensor_id: string) => ({ path: { organization_id, sensor_id } });

export const listSensors = (
  organization: string,
  { cursor, ...asked }: SensorsAsked & { cursor?: string | null; limit?: number },
  signal?: AbortSignal,
) =>
  body(
    api.GET('/api/v1/organizations/{organization_id}/sensors', { params: { ...of(organization), query: { ...asked, standing: asked.standing || undefined, cursor: cursor ?? undefined } }, signal }),
  );

/** Where the same rows are as a file: CSV, or a workbook for spreadsheets. */
export const sensorsFile = (organization: string, query: SensorsAsked & { ids?: string }, kind: 'csv' | 'xlsx' = 'csv'): string =>
  fileAddress(`/api/v1/organizations/{organization_id}/sensors.${kind}`, { ...of(organization), query: { ...query, standing: query.standing || undefined } });

/** So many sensors are changed by one command. */
export const MOST_CHANGED = 10_000;
/** So many are named by the address of a file. */
export const MOST_NAMED = 1000;

export const countSensors = (organization: string, search: string, signal?: AbortSignal) =>
  body(api.GET('/api/v1/organizations/{organization_id}/sensors/count', { params: { ...of(organization), query: { search } }, signal }));

export type SensorValues = Schemas['SensorValues'];

/** The last values of at most 100 sensors. */
export const sensorValues = async (organization: string, ids: string[], signal?: AbortSignal): Promise<SensorValues[]> =>
  (await body(api.GET('/api/v1/organizations/{organization_id}/sensor-values', { params: { ...of(organization), query: { ids: ids.join(',') } }, signal }))).items;

export const getSensor = (organization: string, id: string, signal?: AbortSignal) =>
  tagged(api.GET('/api/v1/organizations/{organization_id}/sensors/{sensor_id}', { params: ofSensor(organization, id), signal }));

const changeSensor = (organization: string, id: string, changes: Schemas['SensorPatch'], tag?: string) =>
  body(
    api.PATCH('/api/v1/organizations/{organization_id}/sensors/{sensor_id}', {
      params: { ...ofSensor(organization, id), ...ifMatch(tag) },
      body: changes,
    }),
  );

export const renameSensor = (organization: string, id: string, name: string, tag?: string) => changeSensor(organization, id, { name }, tag);

/** For one sensor; the answer is its new row. */
export const switchRenewal = (organization: string, id: string, auto_renewal: boolean) => changeSensor(organization, id, { auto_renewal });

type NewSensor = Schemas['NewListedSensor'];
/** What would happen to a line of a list: `takes_license`, `comes_back` (R21), or a refusal's code. */
export type Addition = Schemas['PlannedSensor'];
export type AdditionsPreview = Schemas['AdditionsPreview'];

export const previewAdditions = (organization: string, sensors: NewSensor[], signal?: AbortSignal) =>
  body(api.POST('/api/v1/organizations/{organization_id}/sensors/additions/preview', { params: of(organization), body: { sensors }, signal }));

export const addSensors = async (organization: string, sensors: NewSensor[]) =>
  (await body(api.POST('/api/v1/organizations/{organization_id}/sensors/additions', { params: of(organization), body: { sensors } }))).items;

export const replaceSensor = (organization: string, id: string, serial: string) =>
  body(
    api.POST('/api/v1/organizations/{organization_id}/sensors/{sensor_id}/replacement', { params: ofSensor(organization, id), body: { serial } }),
  );

export const previewRemoval = (organization: string, id: string, signal?: AbortSignal) =>
  body(api.POST('/api/v1/organizations/{organization_id}/sensors/{sensor_id}/removal/preview', { params: ofSensor(organization, id), signal }));

export const removeSensor = (organization: string, id: string) =>
  body(api.DELETE('/api/v1/organizations/{organization_id}/sensors/{sensor_id}', { params: ofSensor(organization, id) }));

/** A license on a sensor, now or once. */
export type SensorLicense = Schemas['SensorLicense'];

/** Past, active, queued: in the order of time. */
export const sensorLicenses = (organization: string, id: string, signal?: AbortSignal) =>
  all((query) =>
    body(
      api.GET('/api/v1/organizations/{organization_id}/sensors/{sensor_id}/licenses', {
        params: { ...ofSensor(organization, id), query },
        signal,
      }),
    ),
  );

export type RemovedSensor = Schemas['RemovedSensor'];
/** A removed sensor that has left a license behind. */
export type LeftBehind = RemovedSensor & { released: Schemas['ReleasedLicense'] };

export const listRemovedSensors = (organization: string, cursor?: string | null, signal?: AbortSignal, limit = 100) =>
  body(
    api.GET('/api/v1/organizations/{organization_id}/removed-sensors', {
      params: { ...of(organization), query: { cursor: cursor ?? undefined, limit } },
      signal,
    }),
  );

/** The licenses that removed sensors have left behind and that still run: of the last thousand that were removed, the longest first. */
export async function leftBehind(organization: string, signal?: AbortSignal): Promise<LeftBehind[]> {
  const found: LeftBehind[] = [];
  let cursor: string | null | undefined;
  for (let page = 0; page < 5; page += 1) {
    const removed: Schemas['RemovedPage'] = await listRemovedSensors(organization, cursor, signal, 200);
    found.push(...removed.items.filter((sensor): sensor is LeftBehind => Boolean(sensor.released)));
    cursor = removed.next_cursor;
    if (!cursor) break;
  }
  return found.sort((one, other) => other.released.expires_on.localeCompare(one.released.expires_on));
}

export const eraseHistory = (organization: string, id: string, serial: string) =>
  body(
    api.POST('/api/v1/organizations/{organization_id}/removed-sensors/{sensor_id}/erasure', {
      params: ofSensor(organization, id),
      body: { serial },
    }),
  );
