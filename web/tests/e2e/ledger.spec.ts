// The ledger on screen: license keys with their sums, the time line of a sensor, and the audit trail searched and exported.

import { readFile } from 'node:fs/promises';

import { START, expect, expectAccessible, test } from './support/test';

test('a license key tells its sum in words, its licenses and its history', async ({ world }) => {
  const email = await world.user('administrator', 'ana');
  const key = await world.key(5, 'P1Y');
  const cold = await world.sensor('282c02400001', 'Cold store');
  for (const [serial, name] of [['282c02400002', 'Freezer'], ['282c02400003', 'Cellar']] as const) await world.sensor(serial, name);
  await world.api('POST', `…/sensors/${cold}/licenses`, {});
  const other = await world.key(2, 'P2Y');
  const page = await world.logIn(email, '/licenses');
  const link = page.getByRole('link', { name: new RegExp(`^License key ${key}`) }).first();
  await expect(link).toHaveAttribute('href', /\/licenses\/keys\/cod_/);
  await link.click();
  await expect(page.getByRole('heading', { level: 1, name: `License key ${key}` })).toBeVisible();
  const main = page.getByRole('main');
  await expect(main.getByText('5 = 3 active + 1 queued + 1 left', { exact: true })).toBeVisible();
  await expect(main).toContainText('by ana@northwind.example');
  await expect(page.getByRole('row')).toHaveCount(6);
  await expect(page.getByRole('row', { name: /Cold store/ })).toHaveCount(2);
  await expect(main.locator('summary').filter({ hasText: 'Activation code added' })).toHaveCount(1);
  await page.getByRole('button', { name: /^queued/ }).click();
  await expect(page.getByRole('row')).toHaveCount(2);
  await expectAccessible(page);
  await page.getByRole('row', { name: /Cold store/ }).getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1, name: 'Cold store' })).toBeVisible();

  await page.goto('/licenses/keys');
  await expect(page.getByRole('row')).toHaveCount(3);
  await expect(page.getByRole('row').nth(1)).toContainText('2 = 2 left');
  await expect(page.getByRole('row').nth(1)).toContainText(other);
  await expectAccessible(page);
  await page.getByRole('searchbox').fill(key.slice(3, 14).toLowerCase());
  await expect(page.getByRole('row')).toHaveCount(2);
  await expect(page.getByRole('row').nth(1)).toContainText('5 = 3 active + 1 queued + 1 left');
  await page.getByRole('searchbox').fill('nobody has this');
  await expect(page.getByRole('main')).toContainText('No license key fits this.');
});

test('what was revoked and what removed sensors left behind stays in the sum', async ({ world }) => {
  const email = await world.user('administrator');
  await world.key(3, 'P1Y');
  const { items } = await world.api<{ items: { id: string }[] }>('GET', '…/license-keys');
  const { id } = items[0]!;
  await world.sensor('282c02400001', 'Cold store');
  const removed = await world.sensor('282c02400002', 'Freezer');
  await world.api('DELETE', `…/sensors/${removed}`);
  const operator = await world.user('operator');
  const { token } = await world.server.json<{ token: string }>(['token', 'create', '--email', operator]);
  const revoked = await fetch(`${world.server.http}/api/v1/operator/activation-codes/${id}/revocation`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
  });
  expect(revoked.status).toBe(200);
  const page = await world.logIn(email, `/licenses/keys/${id}`);
  const main = page.getByRole('main');
  await expect(main.getByText('3 = 1 active + 1 released + 1 revoked', { exact: true })).toBeVisible();
  await expect(main).toContainText('Revoked on 21 Nov 2026');
  await page.getByRole('row', { name: /Freezer/ }).getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1, name: 'Freezer' })).toBeVisible();
  await expect(page.getByRole('row', { name: /^Removed/ })).toBeVisible();
});

test('a sensor’s cover is told from its first day on, with its gaps and why', async ({ world }) => {
  const email = await world.user('administrator');
  await world.key(1, 'P1M');
  const sensor = await world.sensor('282c02400001', 'Cold store');
  await world.server.moveTo('2027-02-01T10:00:00Z');
  await world.key(2, 'P1M');
  await world.api('POST', `…/sensors/${sensor}/replacement`, { serial: '282c024000ff' });
  await world.api('POST', `…/sensors/${sensor}/licenses`, {});
  const page = await world.logIn(email, `/sensors/${sensor}`);
  const rows = page.getByRole('region', { name: 'Cover' }).getByRole('row');
  await expect(rows).toHaveCount(7);
  await expect(rows.nth(1)).toContainText('Queued');
  await expect(rows.nth(2)).toContainText('Active');
  await expect(rows.nth(2)).toContainText('Auto renewal');
  await expect(rows.nth(3)).toContainText('282c02400001 → 282c024000ff');
  await expect(rows.nth(4)).toContainText('No cover');
  await expect(rows.nth(4)).toContainText('22 Dec 2026 – 1 Feb 2027');
  await expect(rows.nth(4)).toContainText('No license was left');
  await expect(rows.nth(5)).toContainText('21 Nov 2026 – 21 Dec 2026');
  await expect(rows.nth(6)).toContainText('Added');
  await expectAccessible(page);
});

test('the audit trail is searched by what things are called, and exported as it is shown', async ({ world }) => {
  const email = await world.user('administrator', 'ana');
  const key = await world.key(3, 'P1Y');
  const cold = await world.sensor('282c02400001', 'Cold store');
  await world.sensor('282c02400002', 'Freezer');
  await world.api('PATCH', `…/sensors/${cold}`, { name: '=Cold' });
  const page = await world.logIn(email, '/settings/audit');
  const main = page.getByRole('main');
  const renamed = main.locator('summary').filter({ hasText: 'Sensor renamed' });
  await expect(renamed).toHaveCount(1);
  const search = page.getByRole('searchbox');
  await search.fill('freez');
  await expect(renamed).toHaveCount(0);
  await expect(main.locator('summary')).toHaveCount(2);
  await search.fill('282c02400001');
  await expect(main.locator('summary')).toHaveCount(3);
  await search.fill(key.slice(0, 11));
  await expect(main.locator('summary')).toHaveCount(3);
  await expect(main.locator('summary').filter({ hasText: 'Activation code added' })).toHaveCount(1);
  await search.fill('nobody has this');
  await expect(main).toContainText('No entry fits these filters.');
  await page.goto('/settings/audit?search=282c02400001&action=sensor_renamed');
  await expect(main.locator('summary')).toHaveCount(1);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export as CSV' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('audit-2026-11-21.csv');
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(`,sensor_renamed,sensor,${cold},'=Cold,`);
  expect(lines[1]).toContain(START.slice(0, 16));
  await expectAccessible(page);
});
