/** Becoming somebody, and one's own account. */
import { api, body, type Schemas } from '$lib/api';

export const signUp = (person: Schemas['NewSignUp']) => body(api.POST('/api/v1/sign-up', { body: person }));

/** Asks for a mail with a link; the answer does not tell whether the account exists. */
export const askForReset = (email: string) => body(api.POST('/api/v1/password-resets', { body: { email } }));

export const redeemReset = (token: string, password: string) =>
  body(api.POST('/api/v1/password-resets/redemption', { body: { token, password } }));

export const lookUpInvitation = (token: string, signal?: AbortSignal) =>
  body(api.POST('/api/v1/invitations/look-up', { body: { token }, signal }));

export const acceptInvitation = (accepted: Schemas['AcceptedInvitation']) =>
  body(api.POST('/api/v1/invitations/acceptance', { body: accepted }));

export const changeMe = (changes: Schemas['UserPatch']) => body(api.PATCH('/api/v1/me', { body: changes }));

export const changePassword = (current_password: string, new_password: string) =>
  body(api.PUT('/api/v1/me/password', { body: { current_password, new_password } }));

export const beginOneTimeCodes = (password: string) => body(api.POST('/api/v1/me/one-time-codes', { body: { password } }));

export const confirmOneTimeCodes = (code: string) => body(api.POST('/api/v1/me/one-time-codes/confirmation', { body: { code } }));

export const removeOneTimeCodes = (password: string) => body(api.POST('/api/v1/me/one-time-codes/removal', { body: { password } }));

export const newRecoveryCodes = (password: string) => body(api.POST('/api/v1/me/recovery-codes', { body: { password } }));
