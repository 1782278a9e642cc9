/** Webhooks: other systems are told of what happens. */
import { api, body, ifMatch, type Schemas } from '$lib/api';

export const EVENTS = ['license.expiring', 'license.expired', 'license.renewed', 'pool.low', 'sensor.refused'] as const satisfies readonly Schemas['WantedEvent'][];

export type Webhook = Schemas['Webhook'];
export type Delivery = Schemas['WebhookDelivery'];

const of = (organization_id: string) => ({ path: { organization_id } });
const ofWebhook = (organization_id: string, webhook_id: string) => ({ path: { organization_id, webhook_id } });

/** All of them: an organization has at most 20. */
export const listWebhooks = async (organization: string, signal?: AbortSignal) =>
  (await body(api.GET('/api/v1/organizations/{organization_id}/webhooks', { params: of(organization), signal }))).items;

export const addWebhook = (organization: string, webhook: Schemas['NewWebhook']) =>
  body(api.POST('/api/v1/organizations/{organization_id}/webhooks', { params: of(organization), body: webhook }));

export const changeWebhook = (organization: string, id: string, changes: Schemas['WebhookPatch'], tag?: string) =>
  body(
    api.PATCH('/api/v1/organizations/{organization_id}/webhooks/{webhook_id}', {
      params: { ...ofWebhook(organization, id), ...ifMatch(tag) },
      body: changes,
    }),
  );

export const removeWebhook = (organization: string, id: string) =>
  body(api.DELETE('/api/v1/organizations/{organization_id}/webhooks/{webhook_id}', { params: ofWebhook(organization, id) }));

export const renewSecret = (organization: string, id: string) =>
  body(api.POST('/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/secret', { params: ofWebhook(organization, id) }));

export const testWebhook = (organization: string, id: string) =>
  body(api.POST('/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/test', { params: ofWebhook(organization, id) }));

interface DeliveriesAsked {
  state?: Schemas['PostState'] | '';
  limit?: number;
  cursor?: string | null;
}

export const listDeliveries = (organization: string, id: string, { cursor, ...asked }: DeliveriesAsked, signal?: AbortSignal) =>
  body(
    api.GET('/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/deliveries', {
      params: { ...ofWebhook(organization, id), query: { ...asked, state: asked.state || undefined, cursor: cursor ?? undefined } },
      signal,
    }),
  );

export const retryDelivery = (organization_id: string, webhook_id: string, delivery_id: string) =>
  body(
    api.POST('/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/retry', {
      params: { path: { organization_id, webhook_id, delivery_id } },
    }),
  );
