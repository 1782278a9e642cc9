// The License Manager's requirement, from the first log-in to the end of a license and beyond it, as people do it.

import { START, expect, test } from './support/test';
import type { Locator, Page } from '@playwright/test';

const YEAR_LATER = '2027-11-23T10:00:00Z';

/** One of the License Manager's numbers. */
function figure(page: Page, label: string) {
  return page.getByRole('region', { name: 'Summary' }).getByText(label, { exact: true }).locator('..');
}

test('from sign-up by a code and a pasted list to the first values', async ({ world }) => {
  const code = await world.code(3, 'P1Y');
  const page = await world.browser();
  await page.goto('/');
  await page.getByRole('link', { name: 'Sign up' }).click();
  await page.getByRole('textbox', { name: 'Name of the organization' }).fill('Northwind Foods');
  await page.getByRole('textbox', { name: 'E-mail address' }).fill('ana@northwind.example');
  await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Create the organization' }).click();

  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Add your activation code');
  await page.getByRole('textbox', { name: 'Activation code' }).fill(code);
  await expect(page.getByText('This code brings 3 licenses of 1 year.')).toBeVisible();
  await page.getByRole('button', { name: 'Add the code' }).click();

  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Add your first sensors');
  await page.getByRole('button', { name: 'As a list' }).click();
  const list = page.getByRole('textbox', { name: 'Sensors, one on a line' });
  await list.fill('282c02400001, Cold store 1\n28:2C:02:40:00:02\tCold store 2\n282c0240000');
  await expect(page.getByText('1 cannot be added')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Add 2 sensors' })).toBeDisabled();
  await list.fill('282c02400001, Cold store 1\n28:2C:02:40:00:02\tCold store 2');
  await expect(page.getByText('2 licenses are taken; 1 stays in the pool.')).toBeVisible();
  await page.getByRole('button', { name: 'Add 2 sensors' }).click();

  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Set this on your sensors');
  await page.getByRole('link', { name: 'To the sensors' }).click();
  const row = page.getByRole('row', { name: /Cold store 1/ });
  await expect(row).toContainText('Not heard of yet');
  await world.send('282c02400001', ['--at', START, '--value', 'temperature=4.5', '--value', 'humidity=61']);
  // The list refreshes itself.
  await expect(row).toContainText('4.5 °C', { timeout: 40_000 });
  await expect(row).toContainText('61%');
  await expect(page.getByRole('row', { name: /Cold store 2/ })).toContainText('Not heard of yet');
});

test('the License Manager opens from the settings, a code raises Licenses left, and the table tells all of a license', async ({ world }) => {
  await world.user('administrator');
  const email = await world.user('manager', 'mia');
  const key = await world.key(2, 'P1Y');
  await world.sensor('282c02400001', 'Fridge 1');
  await world.sensor('282c02400002', 'Fridge 2');
  const other = await world.key(1, 'P30D');
  await world.sensor('282c02400003', 'Freezer', { auto_renewal: false });
  const code = await world.code(5, 'P2Y');

  const page = await world.logIn(email);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('link', { name: 'Open License Manager' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('License Manager');
  await expect(figure(page, 'Licenses left')).toHaveText(/^\s*0\s*Licenses left$/);

  await page.getByRole('button', { name: 'Add activation code' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Activation code' }).fill(code);
  await expect(dialog).toContainText('5 licenses of 2 years');
  await expect(dialog).toContainText('5 licenses will be left.');
  await dialog.getByRole('button', { name: 'Add licenses' }).click();
  await expect(dialog).toContainText('5 licenses are left.');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(figure(page, 'Licenses left')).toHaveText(/^\s*5\s*Licenses left$/);

  for (const heading of ['Sensor', 'Serial no.', 'Activated', 'Expires at', 'Key', 'Add', 'Auto']) {
    await expect(page.getByRole('columnheader').filter({ hasText: heading }).first()).toBeVisible();
  }
  const fridge = page.getByRole('row', { name: /Fridge 1/ });
  await expect(fridge).toContainText('282C02400001');
  await expect(fridge.getByRole('gridcell').nth(2)).toHaveText('21 Nov 2026');
  await expect(fridge.getByRole('gridcell').nth(3)).toContainText('21 Nov 2027');
  await expect(fridge.getByRole('gridcell').nth(3)).toContainText('365 days');
  await expect(fridge.getByRole('gridcell').nth(5)).toContainText(key.slice(0, 5));
  await expect(fridge.getByRole('gridcell').nth(5)).toContainText('(2)');
  await expect(fridge.getByRole('switch', { name: 'Auto renewal of Fridge 1' })).toBeChecked();
  const freezer = page.getByRole('row', { name: /Freezer/ });
  await expect(freezer.getByRole('gridcell').nth(3)).toContainText('21 Dec 2026');
  await expect(freezer.getByRole('gridcell').nth(3)).toContainText('30 days');
  await expect(freezer.getByRole('gridcell').nth(3)).toContainText('will stop: auto renewal is off');
  await expect(freezer.getByRole('gridcell').nth(5)).toContainText(other.slice(0, 5));
  await expect(freezer.getByRole('gridcell').nth(5)).not.toContainText('(');
  await expect(freezer.getByRole('switch', { name: 'Auto renewal of Freezer' })).not.toBeChecked();
});

test('R11: licenses queued by + take over one after the other, from a key of one’s choice', async ({ world }) => {
  const email = await world.user('administrator');
  await world.key(2, 'P30D');
  await world.sensor('282c02400001', 'Fridge 1', { auto_renewal: false });
  const chosen = await world.key(1, 'P1Y');
  const page = await world.logIn(email, '/licenses');
  const add = page.getByRole('button', { name: 'Add a license to Fridge 1' });
  const dialog = page.getByRole('dialog');
  await add.click();
  await dialog.getByRole('radio', { name: new RegExp(chosen.slice(0, 5)) }).check();
  await expect(dialog).toContainText('from 22 December 2026 until 21 December 2027');
  await dialog.getByRole('button', { name: 'Add license' }).click();
  const row = page.getByRole('row', { name: /Fridge 1/ });
  await expect(row).toContainText('then 1 year from 22 Dec 2026');
  await add.click();
  await dialog.getByRole('button', { name: 'Add license' }).click();
  await expect(row).toContainText('then 30 days from 22 Dec 2027');

  await world.server.moveTo('2026-12-22T09:00:00Z');
  const later = await world.logIn(email, '/licenses');
  const then = later.getByRole('row', { name: /Fridge 1/ });
  await expect(then.getByRole('gridcell').nth(2)).toHaveText('22 Dec 2026');
  await expect(then.getByRole('gridcell').nth(3)).toContainText('21 Dec 2027');
  await expect(then.getByRole('gridcell').nth(5)).toContainText(chosen.slice(0, 5));
  await expect(then).toContainText('then 30 days from 22 Dec 2027');
});

test('R23: after the end new measurements are refused and told, and what was there stays', async ({ world }) => {
  const email = await world.user('administrator');
  await world.key(1, 'P1Y');
  const fridge = await world.sensor('282c02400001', 'Fridge 1');
  const condition = { kind: 'above', channel_type: 'temperature', threshold: 8 };
  await world.api('POST', '…/alert-rules', { name: 'Too warm', condition, sensors: 'all' });
  await world.send('282c02400001', ['--at', START, '--value', 'temperature=12.5']);

  const before = await world.logIn(email, '/licenses');
  await before.getByRole('switch', { name: 'Auto renewal of Fridge 1' }).click();
  await before.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
  await expect(before.getByRole('switch', { name: 'Auto renewal of Fridge 1' })).not.toBeChecked();

  // A license is left, but auto renewal is off.
  await world.key(1, 'P1Y');
  await world.server.moveTo(YEAR_LATER);
  await world.send('282c02400001', ['--at', YEAR_LATER, '--value', 'temperature=33.3']);

  const page = await world.logIn(email, '/licenses');
  const row = page.getByRole('row', { name: /Fridge 1/ });
  await expect(row).toContainText('Expired');
  await expect(row).toContainText('auto renewal is off');
  await expect(row).toContainText('1 message refused since 23 Nov 2027');
  await expect(figure(page, 'Licenses left')).toHaveText(/^\s*1\s*Licenses left/);

  await page.goto(`/sensors/${fridge}?range=all`);
  await expect(page.getByText(/^The license ended on 21 November 2027/)).toBeVisible();
  await expect(page.getByText('1 message refused since 23 November 2027')).toBeVisible();
  await expect(page.getByRole('slider', { name: /Time in the chart/ })).toContainText('12.5 °C');
  await page.getByRole('button', { name: 'Table' }).click();
  await expect(page.getByRole('cell', { name: '12.5 °C' })).toBeVisible();
  await expect(page.getByText('33.3')).toHaveCount(0);
  await page.getByRole('link', { name: 'All alerts of this sensor' }).click();
  await expect(page.getByRole('main')).toContainText('Too warm');
  await expect(page.getByRole('main')).toContainText('12.5 °C');
});

test('R30: who hears of expiring licenses is chosen in the Notification manager', async ({ world }) => {
  const ana = await world.user('administrator', 'ana');
  await world.user('manager', 'mia');
  const page = await world.logIn(ana, '/settings');
  await page.getByRole('link', { name: 'Open Notification manager' }).click();
  const [first, other] = ['Ana', 'Mia'].map((name) => page.getByRole('checkbox', { name: `License expiration: ${name}` })) as [Locator, Locator];
  await expect(first).toBeChecked();
  await expect(other).not.toBeChecked();
  await first.uncheck();
  await expect(page.getByText('Nobody is ticked for “License expiration”: nobody will hear of it by e-mail.')).toBeVisible();
  await other.check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await page.reload();
  await expect(first).not.toBeChecked();
  await expect(other).toBeChecked();
});

test('R12: auto renewal takes a license from the pool by itself, without anybody being there', async ({ world }) => {
  const email = await world.user('administrator');
  await world.key(1, 'P1Y');
  const fridge = await world.sensor('282c02400001', 'Fridge 1');
  const spare = await world.key(2, 'P2Y');
  await world.server.moveTo(YEAR_LATER);
  await world.send('282c02400001', ['--at', YEAR_LATER, '--value', 'temperature=5.5']);
  const page = await world.logIn(email, '/licenses');
  const row = page.getByRole('row', { name: /Fridge 1/ });
  await expect(row.getByRole('gridcell').nth(2)).toHaveText('22 Nov 2027');
  await expect(row.getByRole('gridcell').nth(3)).toContainText('21 Nov 2029');
  await expect(row.getByRole('gridcell').nth(5)).toContainText(spare.slice(0, 5));
  await expect(figure(page, 'Licenses left')).toHaveText(/^\s*1\s*Licenses left/);
  await page.goto(`/sensors/${fridge}`);
  await expect(page.getByRole('main')).toContainText('5.5 °C');
});

test('R15: a new code renews at once those who wait for a license, and names them before', async ({ world }) => {
  const email = await world.user('administrator');
  await world.key(3, 'P1Y');
  await world.sensor('282c02400001', 'Fridge 1');
  await world.sensor('282c02400002', 'Fridge 2');
  await world.sensor('282c02400003', 'Freezer', { auto_renewal: false });
  await world.server.moveTo(YEAR_LATER);
  const code = await world.code(3, 'P1Y');

  const page = await world.logIn(email, '/licenses');
  const row = page.getByRole('row', { name: /Fridge 1/ });
  await expect(row).toContainText('waits for a license');
  await expect(figure(page, 'Expired')).toHaveText(/^\s*3\s*Expired/);
  await page.getByRole('button', { name: 'Add activation code' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Activation code' }).fill(code);
  await expect(dialog).toContainText('2 sensors are renewed at once');
  await expect(dialog).toContainText('Fridge 1, until 23 November 2028');
  await expect(dialog).toContainText('Fridge 2, until 23 November 2028');
  await expect(dialog).not.toContainText('Freezer');
  await dialog.getByRole('button', { name: 'Add licenses' }).click();
  await expect(dialog).toContainText('2 sensors were renewed at once');
  await expect(dialog).toContainText('1 license is left.');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(row.getByRole('gridcell').nth(3)).toContainText('23 Nov 2028');
  await expect(page.getByRole('row', { name: /Freezer/ })).toContainText('Expired');
  await world.send('282c02400001', ['--at', YEAR_LATER, '--value', 'temperature=3.5']);
  await page.goto('/sensors');
  await expect(page.getByRole('row', { name: /Fridge 1/ })).toContainText('3.5 °C');
});
