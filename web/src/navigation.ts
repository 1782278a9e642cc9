/** What stands in the main navigation, in this order: sensors, alerts, licenses, settings. Only screens that are there. */
import type { IconName } from '$ui/icons';
import { t } from '$lib/i18n.svelte';
import type { Permission } from '$lib/session.svelte';

interface Place {
  href: string;
  label: () => string;
  icon: IconName;
  needs?: Permission;
  /** Says how many alerts are open, or mails have failed lately. */
  counts?: 'alerts' | 'mails';
}

export const memberPlaces: Place[] = [
  { href: '/sensors', label: () => t.shell.sensors, icon: 'sensor', needs: 'read_history' },
  { href: '/alerts', label: () => t.shell.alerts, icon: 'bell', needs: 'read_history', counts: 'alerts' },
  { href: '/licenses', label: () => t.shell.licenses, icon: 'license', needs: 'read_licenses' },
  { href: '/settings', label: () => t.shell.settings, icon: 'settings', needs: 'manage_notifications', counts: 'mails' },
];

export const operatorPlaces: Place[] = [
  { href: '/operator/codes', label: () => t.shell.codes, icon: 'code' },
  { href: '/operator/organizations', label: () => t.shell.organizations, icon: 'organization' },
];
