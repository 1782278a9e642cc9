/** What an organization's Administrators and Managers set. */
import { all, api, body, ifMatch, tagged, type Schemas } from '$lib/api';
import type { Role } from './session';

const of = (organization_id: string) => ({ path: { organization_id } });

export type Organization = Schemas['Organization'] & { etag: string };

export const getOrganization = (organization: string, signal?: AbortSignal) =>
  tagged(api.GET('/api/v1/organizations/{organization_id}', { params: of(organization), signal }));

export const changeOrganization = (organization: string, changes: Schemas['OrganizationPatch'], tag?: string) =>
  tagged(api.PATCH('/api/v1/organizations/{organization_id}', { params: { ...of(organization), ...ifMatch(tag) }, body: changes }));

export type OrganizationUser = Schemas['Member'];

export const listUsers = (organization: string, signal?: AbortSignal) =>
  all((query) => body(api.GET('/api/v1/organizations/{organization_id}/users', { params: { ...of(organization), query }, signal })));

export const changeRole = (organization_id: string, user_id: string, role: Role, tag?: string) =>
  body(
    api.PATCH('/api/v1/organizations/{organization_id}/users/{user_id}', {
      params: { path: { organization_id, user_id }, ...ifMatch(tag) },
      body: { role },
    }),
  );

export const removeUser = (organization_id: string, user_id: string) =>
  body(api.DELETE('/api/v1/organizations/{organization_id}/users/{user_id}', { params: { path: { organization_id, user_id } } }));

export type Invitation = Schemas['Invitation'];

export const listInvitations = (organization: string, signal?: AbortSignal) =>
  all((query) => body(api.GET('/api/v1/organizations/{organization_id}/invitations', { params: { ...of(organization), query }, signal })));

export const invite = (organization: string, invitation: Schemas['NewInvitation']) =>
  body(api.POST('/api/v1/organizations/{organization_id}/invitations', { params: of(organization), body: invitation }));

export const withdrawInvitation = (organization_id: string, invitation_id: string) =>
  body(
    api.DELETE('/api/v1/organizations/{organization_id}/invitations/{invitation_id}', {
      params: { path: { organization_id, invitation_id } },
    }),
  );

export type Token = Schemas['Token'];

export const listTokens = (organization: string, signal?: AbortSignal) =>
  all((query) => body(api.GET('/api/v1/organizations/{organization_id}/tokens', { params: { ...of(organization), query }, signal })));

export const makeToken = (organization: string, token: Schemas['NewToken']) =>
  body(api.POST('/api/v1/organizations/{organization_id}/tokens', { params: of(organization), body: token }));

export const revokeToken = (organization_id: string, token_id: string) =>
  body(api.DELETE('/api/v1/organizations/{organization_id}/tokens/{token_id}', { params: { path: { organization_id, token_id } } }));
