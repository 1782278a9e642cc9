// What each role sees, and what it is told at an address that is not for it (R34).

import { expect, test } from './support/test';
import type { Page } from '@playwright/test';

const ALL_PARTS = ['Organization', 'License Manager', 'Notification manager', 'Users', 'API tokens', 'Webhooks', 'Audit trail', 'Profile'];
const ADDRESSES = ['/settings/organization', '/settings/users', '/settings/tokens', '/settings/webhooks'];

async function expectNavigation(page: Page, places: string[]): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link')).toHaveText(places);
}

async function expectParts(page: Page, parts: string[]): Promise<void> {
  await page.goto('/settings');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Settings');
  await expect(page.getByRole('main').getByRole('heading', { level: 2 })).toHaveText(parts);
}

/** The screen is not shown, and the server is not even asked for what stands on it. */
async function expectForbidden(page: Page, address: string): Promise<void> {
  const asked: string[] = [];
  page.on('response', (response) => response.status() === 403 && asked.push(response.url()));
  await page.goto(address);
  await expect(page.getByRole('main').getByRole('heading'), address).toHaveText('Your role does not show this page');
  expect(asked, address).toEqual([]);
}

async function expectMissing(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await expect(page.getByRole('main').getByRole('heading'), address).toHaveText('There is no such page');
}

test('R34: an Administrator sees all of the organization, and nothing of the operator’s', async ({ world }) => {
  const page = await world.logIn(await world.user('administrator'));
  await expectNavigation(page, ['Sensors', 'Alerts', 'Licenses', 'Settings']);
  await expectParts(page, ALL_PARTS);
  for (const address of ADDRESSES) {
    await page.goto(address);
    await expect(page.getByRole('link', { name: 'Settings', exact: true }).first(), address).toBeVisible();
    await expect(page.getByText('Your role does not show this page'), address).toHaveCount(0);
  }
  await expectMissing(page, '/operator/codes');
  await expectMissing(page, '/operator/organizations');
});

test('R34: a Manager has sensors, licenses, alerts and notices, but no users, tokens or organization @one-engine', async ({ world }) => {
  const email = await world.user('manager', 'mia');
  await world.key(2, 'P1Y');
  const fridge = await world.sensor('282c02400001', 'Fridge 1');
  const page = await world.logIn(email);
  await expectNavigation(page, ['Sensors', 'Alerts', 'Licenses', 'Settings']);
  await expect(page.getByRole('button', { name: 'Add sensor' })).toBeVisible();
  await expectParts(page, ['License Manager', 'Notification manager', 'Audit trail', 'Profile']);
  for (const address of ADDRESSES) await expectForbidden(page, address);
  await expectMissing(page, '/operator/codes');
  await page.goto('/licenses');
  await expect(page.getByRole('button', { name: 'Add a license to Fridge 1' })).toBeEnabled();
  await expect(page.getByRole('switch', { name: 'Auto renewal of Fridge 1' })).toBeEnabled();
  await page.goto('/sensors/removed');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Removed sensors');
  await page.goto(`/sensors/${fridge}`);
  await expect(page.getByRole('heading', { name: 'Cover' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Changes' })).toBeVisible();
});

test('R34: an Analyst reads values and alerts, changes nothing and hears nothing of licenses @one-engine', async ({ world }) => {
  const email = await world.user('analyst', 'otto');
  const key = await world.key(2, 'P1Y');
  const fridge = await world.sensor('282c02400001', 'Fridge 1');
  await world.api('POST', '…/alert-rules', { name: 'Too warm', condition: { kind: 'above', channel_type: 'temperature', threshold: 8 }, sensors: 'all' });
  const page = await world.logIn(email);
  const bodies: Promise<string>[] = [];
  page.on('response', (response) => response.url().includes('/api/') && bodies.push(response.text().catch(() => '')));

  await expectNavigation(page, ['Sensors', 'Alerts']);
  await expect(page.getByRole('link', { name: 'Fridge 1' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Add sensor' })).toHaveCount(0);
  await page.goto(`/sensors/${fridge}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Fridge 1');
  await expect(page.getByRole('heading', { name: 'Alerts' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Cover' })).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'Changes' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'More' })).toHaveCount(0);
  await page.goto('/alerts/rules');
  await expect(page.getByText('Too warm')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Add rule' })).toHaveCount(0);
  for (const address of [...ADDRESSES, '/licenses', '/settings', '/settings/audit', '/settings/notifications', '/welcome', '/welcome/code', '/welcome/sensors']) {
    await expectForbidden(page, address);
  }
  await page.goto('/settings/profile');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Profile');
  const told = (await Promise.all(bodies)).join('\n');
  expect(told).toContain('Fridge 1');
  expect(told).not.toContain(key);
});

test('R34: an operator has codes and organizations, and no organization’s screens @one-engine', async ({ world }) => {
  await world.user('administrator');
  const page = await world.logIn(await world.user('operator'));
  await expectNavigation(page, ['Activation codes', 'Organizations']);
  await expect(page).toHaveURL(/\/operator\/codes$/);
  await page.getByRole('button', { name: 'Issue a code' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('spinbutton', { name: 'Licenses' }).or(dialog.getByRole('textbox', { name: 'Licenses' })).fill('5');
  await dialog.getByRole('button', { name: 'Issue a code' }).click();
  await expect(dialog.getByText('Only a hash of it is kept')).toBeVisible();
  await expect(dialog.getByText(/^([0-9A-Z]{5}-){4}[0-9A-Z]{5}$/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('Not redeemed yet')).toBeVisible();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Organizations' }).click();
  await expect(page.getByRole('row', { name: /Northwind Foods/ })).toBeVisible();
  for (const address of ['/sensors', '/licenses', '/alerts', '/settings', '/settings/users', '/welcome/code']) await expectMissing(page, address);
});
