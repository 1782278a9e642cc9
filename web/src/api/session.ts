import { api, body, type Schemas } from '$lib/api';

export type Role = Schemas['Role'];

export type User = Schemas['User'];
export type Membership = Schemas['Membership'];
export type Session = Schemas['Session'];

export const currentSession = () => body(api.GET('/api/v1/sessions/current'));

export const logIn = (email: string, password: string, code?: string) =>
  body(api.POST('/api/v1/sessions', { body: { email, password, ...(code ? { code } : {}) } }));

export const logOut = () => body(api.DELETE('/api/v1/sessions/current'));

export type Service = Schemas['Service'];

/** What the service says of itself to everyone. */
export const service = () => body(api.GET('/api/v1/service'));
