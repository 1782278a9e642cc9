/** Mails to the people of an organization: who gets which, what comes next, and what became of those that were written. */
import { api, body, ifMatch, tagged, type Schemas } from '$lib/api';

/** Something that was put into the outbox: a mail, or a delivery of a webhook. */
export interface Posted {
  id: string;
  state: Schemas['PostState'];
  created_at: string;
  settled_at?: string | null;
  attempts: number;
  next_try_at?: string | null;
  last_reply?: string | null;
}

/** What one can choose by: all of it, or what is so far. */
export const POST_STATES = ['', 'failed', 'queued', 'sent'] as const satisfies readonly (Schemas['PostState'] | '')[];

export type Notice = Schemas['Notice'];
export type ComingMail = Schemas['ComingNotice'];
export type Outlook = Schemas['NoticeForecast'];

interface NoticesAsked {
  state?: Schemas['PostState'] | '';
  kind?: Schemas['NoticeKind'] | '';
  limit?: number;
  cursor?: string | null;
}

const of = (organization_id: string) => ({ path: { organization_id } });

export const getRecipients = (organization: string, signal?: AbortSignal) =>
  tagged(api.GET('/api/v1/organizations/{organization_id}/notification-recipients', { params: of(organization), signal }));

export const setRecipients = (organization: string, recipients: Schemas['NewNotificationRecipients'], tag?: string) =>
  tagged(
    api.PUT('/api/v1/organizations/{organization_id}/notification-recipients', {
      params: { ...of(organization), ...ifMatch(tag) },
      body: recipients,
    }),
  );

export const getOutlook = (organization: string, signal?: AbortSignal) =>
  body(api.GET('/api/v1/organizations/{organization_id}/notice-outlook', { params: of(organization), signal }));

export const listNotices = (organization: string, { cursor, ...asked }: NoticesAsked, signal?: AbortSignal) =>
  body(
    api.GET('/api/v1/organizations/{organization_id}/notices', { params: { ...of(organization), query: { ...asked, state: asked.state || undefined, kind: asked.kind || undefined, cursor: cursor ?? undefined } }, signal }),
  );

export const retryNotice = (organization_id: string, notice_id: string) =>
  body(api.POST('/api/v1/organizations/{organization_id}/notices/{notice_id}/retry', { params: { path: { organization_id, notice_id } } }));

export const sendTestMail = (organization: string) =>
  body(api.POST('/api/v1/organizations/{organization_id}/notices/test', { params: of(organization) }));

/** How many mails are looked through for those that have failed lately. */
const LOOKED_THROUGH = 100;

/** How many mails have failed since this instant (in milliseconds since 1970), and whether there may be more of them. */
export async function failedSince(organization: string, since: number, signal?: AbortSignal): Promise<{ count: number; more: boolean }> {
  const { items, next_cursor } = await listNotices(organization, { state: 'failed', limit: LOOKED_THROUGH }, signal);
  const count = items.filter(({ settled_at, created_at }) => Date.parse(settled_at ?? created_at) >= since).length;
  return { count, more: Boolean(next_cursor) && count === items.length };
}

const byToken = (token: string) => ({ params: { path: { token } } });

export const getSubscription = (token: string, signal?: AbortSignal) =>
  body(api.GET('/api/v1/unsubscriptions/{token}', { ...byToken(token), signal }));

export const unsubscribe = (token: string) => body(api.POST('/api/v1/unsubscriptions/{token}', byToken(token)));

export const subscribeAgain = (token: string) => body(api.POST('/api/v1/unsubscriptions/{token}/undo', byToken(token)));

export const getCalendarFeed = (organization: string, signal?: AbortSignal) =>
  body(api.GET('/api/v1/organizations/{organization_id}/calendar-feed', { params: of(organization), signal }));

export const makeCalendarFeed = (organization: string) =>
  body(api.POST('/api/v1/organizations/{organization_id}/calendar-feed', { params: of(organization) }));

export const removeCalendarFeed = (organization: string) =>
  body(api.DELETE('/api/v1/organizations/{organization_id}/calendar-feed', { params: of(organization) }));
