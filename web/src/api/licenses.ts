import { api, body, type Schemas } from '$lib/api';
import type { Sensor } from './sensors';

/** A row of the License Manager. */
export type Row = Sensor;
export type Key = Schemas['LicenseKey'];
export type Summary = Schemas['LicenseSummary'];
export type Redemption = Schemas['Redemption'];
export type License = Schemas['License'];
export type Ahead = Schemas['LookAhead'];
export type BulkAssignment = Schemas['AssignedLicenses'];
export type RenewalPreview = Schemas['AutoRenewalPreview'];

const of = (organization_id: string) => ({ path: { organization_id } });
const ofSensor = (organization_id: string, sensor_id: string) => ({ path: { organization_id, sensor_id } });

export const summary = (organization: string, signal?: AbortSignal) =>
  body(api.GET('/api/v1/organizations/{organization_id}/license-summary', { params: of(organization), signal }));

export const ahead = (organization: string, signal?: AbortSignal) =>
  body(api.GET('/api/v1/organizations/{organization_id}/ahead', { params: { ...of(organization), query: { days: 60 } }, signal }));

export const previewCode = (organization: string, code: string, signal?: AbortSignal) =>
  body(api.POST('/api/v1/organizations/{organization_id}/activation-codes/preview', { params: of(organization), body: { code }, signal }));

export const redeemCode = (organization: string, code: string) =>
  body(api.POST('/api/v1/organizations/{organization_id}/activation-codes', { params: of(organization), body: { code } }));

/** A license of a key, the rest of a released one (R21), or by itself the next. */
export type Choice = { key: string } | { license_id: string } | undefined;

export const previewLicense = (organization: string, sensor: string, choice?: Choice, signal?: AbortSignal) =>
  body(
    api.POST('/api/v1/organizations/{organization_id}/sensors/{sensor_id}/licenses/preview', {
      params: ofSensor(organization, sensor),
      body: choice ?? {},
      signal,
    }),
  );

export const addLicense = (organization: string, sensor: string, choice?: Choice) =>
  body(
    api.POST('/api/v1/organizations/{organization_id}/sensors/{sensor_id}/licenses', {
      params: ofSensor(organization, sensor),
      body: choice ?? {},
    }),
  );

/** The answer is the sensor's new row. */
export const takeBack = (organization_id: string, sensor_id: string, license_id: string) =>
  body(
    api.DELETE('/api/v1/organizations/{organization_id}/sensors/{sensor_id}/licenses/{license_id}', {
      params: { path: { organization_id, sensor_id, license_id } },
    }),
  );

export const previewAssignments = (organization: string, sensor_ids: string[], key?: string, signal?: AbortSignal) =>
  body(
    api.POST('/api/v1/organizations/{organization_id}/license-assignments/preview', { params: of(organization), body: { sensor_ids, key }, signal }),
  );

export const assign = (organization: string, sensor_ids: string[], key?: string) =>
  body(api.POST('/api/v1/organizations/{organization_id}/license-assignments', { params: of(organization), body: { sensor_ids, key } }));

export const previewRenewal = (organization: string, sensor_ids: string[], auto_renewal: boolean) =>
  body(api.POST('/api/v1/organizations/{organization_id}/auto-renewal/preview', { params: of(organization), body: { sensor_ids, auto_renewal } }));

export const setRenewal = (organization: string, sensor_ids: string[], auto_renewal: boolean) =>
  body(api.POST('/api/v1/organizations/{organization_id}/auto-renewal', { params: of(organization), body: { sensor_ids, auto_renewal } }));
