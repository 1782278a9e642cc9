/** License keys with their sums and licenses, and the time lines of sensors. */
import { api, body, fileAddress, type Page, type Schemas } from '$lib/api';
import type { AuditEntry } from './audit';

export const STATES = ['active', 'queued', 'available', 'released', 'ended', 'revoked'] as const;
export type State = (typeof STATES)[number];
export type LicenseKey = Schemas['LicenseKeyLedger'];
export type LicenseOfKey = Schemas['LicenseOfKey'];
export type TimelineItem = Schemas['TimelineItem'];

const ofKey = (organization_id: string, activation_code_id: string) => ({ path: { organization_id, activation_code_id } });

export const listKeys = (
  organization_id: string,
  query: { search?: string; state?: State | undefined; cursor?: string | undefined },
  signal?: AbortSignal,
) => body(api.GET('/api/v1/organizations/{organization_id}/license-keys', { params: { path: { organization_id }, query }, signal }));

export const getKey = (organization: string, id: string, signal?: AbortSignal) =>
  body(api.GET('/api/v1/organizations/{organization_id}/license-keys/{activation_code_id}', { params: ofKey(organization, id), signal }));

export const licensesOfKey = (organization: string, id: string, query: { state?: State | undefined; cursor?: string | undefined }, signal?: AbortSignal) =>
  body(
    api.GET('/api/v1/organizations/{organization_id}/license-keys/{activation_code_id}/licenses', { params: { ...ofKey(organization, id), query }, signal }),
  );

export const keyTrail = (organization: string, id: string, cursor?: string, signal?: AbortSignal) =>
  body(
    api.GET('/api/v1/organizations/{organization_id}/license-keys/{activation_code_id}/audit', {
      params: { ...ofKey(organization, id), query: { cursor, limit: 20 } },
      signal,
    }),
  ) as Promise<Page<AuditEntry>>;

/** The whole time line of a sensor, also of a removed one: page by page, from its first day on. */
export async function timeline(organization_id: string, sensor_id: string, removed: boolean, signal?: AbortSignal): Promise<TimelineItem[]> {
  const items: TimelineItem[] = [];
  let cursor: string | undefined;
  do {
    const init = { params: { path: { organization_id, sensor_id }, query: { cursor, limit: 200 } }, signal };
    const page = await body(
      removed
        ? api.GET('/api/v1/organizations/{organization_id}/removed-sensors/{sensor_id}/timeline', init)
        : api.GET('/api/v1/organizations/{organization_id}/sensors/{sensor_id}/timeline', init),
    );
    items.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return items;
}

/** Where the audit trail is as a CSV file. */
export const auditFile = (organization_id: string, query: Record<string, string | undefined>): string =>
  fileAddress('/api/v1/organizations/{organization_id}/audit.csv', { path: { organization_id }, query });
