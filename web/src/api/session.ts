import { api, body, type Narrowed, type Schemas } from '$lib/api';

export type Role = 'administrator' | 'manager' | 'analyst';

export type User = Schemas['User'];
export type Membership = Narrowed<Schemas['Membership'], { role: Role }>;
export type Session = Narrowed<Schemas['Session'], { organizations: Membership[] }>;

export const currentSession = () => body(api.GET('/api/v1/sessions/current')) as Promise<Session>;

export const logIn = (email: string, password: string, code?: string) =>
  body(api.POST('/api/v1/sessions', { body: { email, password, ...(code ? { code } : {}) } })) as Promise<Session>;

export const logOut = () => body(api.DELETE('/api/v1/sessions/current'));

export type Service = Narrowed<Schemas['Service'], { sign_up: 'open' | 'invitation'; mail: 'smtp' | 'folder' }>;

/** What the service says of itself to everyone. */
export const service = () => body(api.GET('/api/v1/service')) as Promise<Service>;
