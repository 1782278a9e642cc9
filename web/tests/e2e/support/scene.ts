// An organization in the middle of its days, for tests that look at every screen; and where the screens are.

import { START, type World } from './test';

export interface Scene {
  administrator: string;
  operator: string;
  fridge: string;
  key: string;
  removed: string;
  webhook: string;
}

/** Long names, a queue, an end that nobody renews, an open alert, a removed sensor, an invitation, a webhook, a mail, and codes of the operator. */
export async function furnish(world: World): Promise<Scene> {
  const administrator = await world.user('administrator', 'ana');
  const operator = await world.user('operator');
  await world.user('analyst', 'otto');
  await world.key(4, 'P30D');
  const fridge = await world.sensor('282c02400001', 'Walk-in refrigerator behind the loading dock, left wall');
  await world.sensor('282c02400002', 'Averyveryverylongnamewithoutanyspaceatallinwhichnothingcanbreak');
  await world.sensor('282c02400003', 'Freezer', { auto_renewal: false });
  const removed = await world.sensor('282c02400004', 'Old freezer');
  await world.send('282c02400004', ['--at', START, '--value', 'temperature=-18']);
  await world.api('DELETE', `…/sensors/${removed}`);
  await world.key(3, 'P2Y');
  await world.code(12, 'P18M');
  await world.api('POST', `…/sensors/${fridge}/licenses`, {});
  await world.api('POST', '…/alert-rules', { name: 'Too warm', condition: { kind: 'above', channel_type: 'temperature', threshold: 8 }, sensors: 'all' });
  await world.send('282c02400001', ['--at', START, '--value', 'temperature=12.5', '--value', 'humidity=61']);
  await world.api('POST', '…/invitations', { email: 'a.rather.long.address.of.somebody@northwind.example', role: 'analyst' });
  const { id: webhook } = await world.api<{ id: string }>('POST', '…/webhooks', {
    url: 'https://hooks.northwind.example/a/rather/long/address/without/any/place/to/break',
    events: ['license.expiring', 'license.expired', 'license.renewed', 'pool.low', 'sensor.refused'],
  });
  await world.api('POST', '…/notices/test');
  const { items } = await world.api<{ items: { id: string }[] }>('GET', '…/license-keys');
  return { administrator, operator, fridge, key: items.at(-1)!.id, removed, webhook };
}

/** Before the log-in. */
export const OUTSIDE = ['/log-in', '/sign-up', '/forgot', '/reset#x', '/invitation#x', '/unsubscribe#x'];

/** What an Administrator can see. */
export const inside = ({ fridge, key, removed, webhook }: Scene): string[] => [
  '/sensors',
  '/sensors?search=nothing',
  `/sensors/${fridge}`,
  `/sensors/${fridge}?view=table`,
  '/sensors/removed',
  `/sensors/removed/${removed}`,
  '/alerts',
  '/alerts/rules',
  '/licenses',
  '/licenses?search=nothing',
  '/licenses/keys',
  '/licenses/keys?search=nothing',
  `/licenses/keys/${key}`,
  '/licenses/forecast',
  '/licenses/forecast?period=3y&figures=1&if=redeem.5.P2Y',
  '/settings',
  '/settings/organization',
  '/settings/notifications',
  '/settings/notifications?state=failed',
  '/settings/users',
  '/settings/tokens',
  '/settings/webhooks',
  `/settings/webhooks/${webhook}`,
  '/settings/audit',
  '/settings/profile',
  '/welcome/code',
  '/welcome/sensors',
  '/welcome/done',
  '/there/is/no/such/page',
];

export const OPERATOR = ['/operator/codes', '/operator/organizations', '/settings/profile'];
