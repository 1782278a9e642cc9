/**
 * The table of screens: an address, who may see it, and where its code is.
 *
 * To add a screen: a folder in `src/screens`, a row here, and, when it belongs into the navigation, a row in
 * `src/navigation.ts`. A screen is a component that gets `params` (the `:names` of its path) and begins with `<Screen>`.
 */
import type { Component } from 'svelte';
import type { Permission } from '$lib/session.svelte';

export type Screen = Component<{ params: Record<string, string> }>;

export interface Route {
  path: string;
  /** `public`: without log-in, and without the shell. `member`: of an organization. `operator`. `anybody` who is logged in. */
  access: 'public' | 'member' | 'operator' | 'anybody';
  /** What a member's role must allow. */
  needs?: Permission;
  load: () => Promise<{ default: Screen }>;
}

export const routes: Route[] = [
  // Accounts
  { path: '/log-in', access: 'public', load: () => import('./screens/accounts/LogIn.svelte') },
  { path: '/sign-up', access: 'public', load: () => import('./screens/accounts/SignUp.svelte') },
  { path: '/forgot', access: 'public', load: () => import('./screens/accounts/Forgot.svelte') },
  { path: '/reset', access: 'public', load: () => import('./screens/accounts/Reset.svelte') },
  { path: '/invitation', access: 'public', load: () => import('./screens/accounts/Invitation.svelte') },
  { path: '/unsubscribe', access: 'public', load: () => import('./screens/accounts/Unsubscribe.svelte') },
  // The reference of the API
  { path: '/docs', access: 'public', load: () => import('./screens/docs/Docs.svelte') },
  // The first steps
  { path: '/welcome', access: 'member', needs: 'manage_sensors', load: () => import('./screens/welcome/Welcome.svelte') },
  { path: '/welcome/code', access: 'member', needs: 'manage_licenses', load: () => import('./screens/welcome/CodeStep.svelte') },
  { path: '/welcome/sensors', access: 'member', needs: 'manage_sensors', load: () => import('./screens/welcome/SensorsStep.svelte') },
  { path: '/welcome/done', access: 'member', needs: 'manage_sensors', load: () => import('./screens/welcome/DoneStep.svelte') },
  // Sensors
  { path: '/sensors', access: 'member', needs: 'read_history', load: () => import('./screens/sensors/Sensors.svelte') },
  { path: '/sensors/removed', access: 'member', needs: 'read_history', load: () => import('./screens/sensors/RemovedSensors.svelte') },
  { path: '/sensors/removed/:id', access: 'member', needs: 'read_history', load: () => import('./screens/sensors/RemovedSensor.svelte') },
  { path: '/sensors/:id', access: 'member', needs: 'read_history', load: () => import('./screens/sensor/Sensor.svelte') },
  // Alerts
  { path: '/alerts', access: 'member', needs: 'read_history', load: () => import('./screens/alerts/Alerts.svelte') },
  { path: '/alerts/rules', access: 'member', needs: 'read_rules', load: () => import('./screens/alerts/Rules.svelte') },
  // License Manager
  { path: '/licenses', access: 'member', needs: 'read_licenses', load: () => import('./screens/licenses/Licenses.svelte') },
  { path: '/licenses/keys', access: 'member', needs: 'read_licenses', load: () => import('./screens/keys/Keys.svelte') },
  { path: '/licenses/keys/:id', access: 'member', needs: 'read_licenses', load: () => import('./screens/keys/Key.svelte') },
  { path: '/licenses/forecast', access: 'member', needs: 'read_licenses', load: () => import('./screens/forecast/Forecast.svelte') },
  // Settings
  { path: '/settings', access: 'member', needs: 'manage_notifications', load: () => import('./screens/settings/Settings.svelte') },
  { path: '/settings/organization', access: 'member', needs: 'change_organization', load: () => import('./screens/settings/Organization.svelte') },
  { path: '/settings/notifications', access: 'member', needs: 'manage_notifications', load: () => import('./screens/notices/Notifications.svelte') },
  { path: '/settings/users', access: 'member', needs: 'manage_users', load: () => import('./screens/settings/Users.svelte') },
  { path: '/settings/tokens', access: 'member', needs: 'manage_tokens', load: () => import('./screens/settings/Tokens.svelte') },
  { path: '/settings/webhooks', access: 'member', needs: 'manage_webhooks', load: () => import('./screens/webhooks/Webhooks.svelte') },
  { path: '/settings/webhooks/:id', access: 'member', needs: 'manage_webhooks', load: () => import('./screens/webhooks/Webhook.svelte') },
  { path: '/settings/audit', access: 'member', needs: 'read_audit', load: () => import('./screens/audit/Audit.svelte') },
  { path: '/settings/profile', access: 'anybody', load: () => import('./screens/settings/Profile.svelte') },
  // The operator
  { path: '/operator/codes', access: 'operator', load: () => import('./screens/operator/Codes.svelte') },
  { path: '/operator/organizations', access: 'operator', load: () => import('./screens/operator/Organizations.svelte') },
];

export interface Match {
  route: Route | undefined;
  params: Record<string, string>;
}

export function match(path: string): Match {
  const parts = path.split('/').filter(Boolean);
  for (const route of routes) {
    const wanted = route.path.split('/').filter(Boolean);
    if (wanted.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((want, place) => {
      const part = parts[place] ?? '';
      if (!want.startsWith(':')) return want === part;
      params[want.slice(1)] = decodeURIComponent(part);
      return true;
    });
    if (fits) return { route, params };
  }
  return { route: undefined, params: {} };
}
