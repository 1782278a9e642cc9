import { api, body, ifMatch, type Schemas } from '$lib/api';

export type Condition = Schemas['AlertCondition'];
export type Rule = Schemas['AlertRule'];
export type NewRule = Schemas['NewAlertRule'];

export type Alert = Schemas['Alert'];

interface AlertsAsked {
  state?: Schemas['AlertState'] | '';
  sensor_id?: string;
  rule_id?: string;
  limit?: number;
  cursor?: string | null;
}

const of = (organization_id: string) => ({ path: { organization_id } });
const ofRule = (organization_id: string, alert_rule_id: string) => ({ path: { organization_id, alert_rule_id } });

export const listAlerts = (organization: string, { cursor, ...asked }: AlertsAsked, signal?: AbortSignal) =>
  body(
    api.GET('/api/v1/organizations/{organization_id}/alerts', { params: { ...of(organization), query: { ...asked, state: asked.state || undefined, cursor: cursor ?? undefined } }, signal }),
  );

export const countAlerts = (organization: string, signal?: AbortSignal) =>
  body(api.GET('/api/v1/organizations/{organization_id}/alert-counts', { params: of(organization), signal }));

/** All of them: an organization has at most 100. */
export const listRules = async (organization: string, signal?: AbortSignal): Promise<Rule[]> =>
  (await body(api.GET('/api/v1/organizations/{organization_id}/alert-rules', { params: { ...of(organization), query: { limit: 200 } }, signal }))).items;

export const addRule = (organization: string, rule: NewRule) =>
  body(api.POST('/api/v1/organizations/{organization_id}/alert-rules', { params: of(organization), body: rule }));

export const changeRule = (organization: string, id: string, changes: Schemas['AlertRulePatch'], tag?: string) =>
  body(
    api.PATCH('/api/v1/organizations/{organization_id}/alert-rules/{alert_rule_id}', {
      params: { ...ofRule(organization, id), ...ifMatch(tag) },
      body: changes,
    }),
  );

export const removeRule = (organization: string, id: string) =>
  body(api.DELETE('/api/v1/organizations/{organization_id}/alert-rules/{alert_rule_id}', { params: ofRule(organization, id) }));
