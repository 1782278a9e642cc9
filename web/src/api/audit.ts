/** The audit trail. */
import { api, body, type Schemas } from '$lib/api';

/** What was before or after: the document does not say what it may hold. */
type State = Record<string, unknown> | null;
export type AuditEntry = Omit<Schemas['AuditRow'], 'before' | 'after'> & { before?: State; after?: State };
type AuditPage = Omit<Schemas['AuditPage'], 'items'> & { items: AuditEntry[] };

interface AuditFilter {
  search?: string | undefined;
  actor?: string | undefined;
  action?: string | undefined;
  subject?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export const listAudit = (organization_id: string, query: AuditFilter & { cursor?: string | undefined }, signal?: AbortSignal): Promise<AuditPage> =>
  body(api.GET('/api/v1/organizations/{organization_id}/audit', { params: { path: { organization_id }, query: { ...query, limit: 50 } }, signal }));

/** What was done to one sensor and its licenses. */
export const sensorTrail = (organization_id: string, sensor_id: string, cursor?: string | null, signal?: AbortSignal): Promise<AuditPage> =>
  body(
    api.GET('/api/v1/organizations/{organization_id}/sensors/{sensor_id}/audit', {
      params: { path: { organization_id, sensor_id }, query: { cursor: cursor ?? undefined, limit: 20 } },
      signal,
    }),
  );
