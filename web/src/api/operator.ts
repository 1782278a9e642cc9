/** What the operator does: codes and organizations, and how forwarding goes. */
import { api, body, type Schemas } from '$lib/api';

export type OperatorCode = Schemas['OperatorCode'];

export const listCodes = (cursor: string | null, signal?: AbortSignal) =>
  body(api.GET('/api/v1/operator/activation-codes', { params: { query: { limit: 50, cursor: cursor ?? undefined } }, signal }));

export const issueCode = (order: Schemas['NewCode']) => body(api.POST('/api/v1/operator/activation-codes', { body: order }));

export const previewRevocation = (activation_code_id: string, end_active: boolean, signal?: AbortSignal) =>
  body(
    api.POST('/api/v1/operator/activation-codes/{activation_code_id}/revocation/preview', {
      params: { path: { activation_code_id } },
      body: { end_active },
      signal,
    }),
  );

export const revokeCode = (activation_code_id: string, end_active: boolean) =>
  body(
    api.POST('/api/v1/operator/activation-codes/{activation_code_id}/revocation', {
      params: { path: { activation_code_id } },
      body: { end_active },
    }),
  );

export const listOrganizations = (search: string, cursor: string | null, signal?: AbortSignal) =>
  body(api.GET('/api/v1/operator/organizations', { params: { query: { search, cursor: cursor ?? undefined, limit: 50 } }, signal }));

export const createOrganization = (organization: Schemas['NewOrganization']) =>
  body(api.POST('/api/v1/operator/organizations', { body: organization }));

export type SerialHolder = Schemas['SerialNumber'];

export const findSerial = (serial: string) =>
  body(api.GET('/api/v1/operator/serial-numbers/{serial}', { params: { path: { serial } } }));

export type Release = Schemas['Removal'];

export const releaseSerial = (serial: string) =>
  body(api.POST('/api/v1/operator/serial-numbers/{serial}/release', { params: { path: { serial } } }));

export type Forwarding = Schemas['Forwarding'];

export const readForwarding = (signal?: AbortSignal) => body(api.GET('/api/v1/operator/forwarding', { signal }));
