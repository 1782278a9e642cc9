// Two Managers at the same thing at once: the second is told what has happened, and then sees what is true.

import { expect, test, type World } from './support/test';
import type { Page } from '@playwright/test';

async function two(world: World, address: string): Promise<[Page, Page]> {
  const mia = await world.user('manager', 'mia');
  const max = await world.user('manager', 'max');
  return [await world.logIn(mia, address), await world.logIn(max, address)];
}

const left = (page: Page) => page.getByRole('region', { name: 'Summary' }).getByText('Licenses left', { exact: true }).locator('..');
const row = (page: Page) => page.getByRole('row', { name: /Fridge 1/ });
const renewal = (page: Page) => page.getByRole('switch', { name: 'Auto renewal of Fridge 1' });
const add = (page: Page) => page.getByRole('button', { name: 'Add a license to Fridge 1' });

test('the last license was taken by the other', async ({ world }) => {
  await world.key(2, 'P1Y');
  await world.sensor('282c02400001', 'Fridge 1');
  const [mia, max] = await two(world, '/licenses');
  await add(max).click();
  await expect(max.getByRole('dialog')).toContainText('It is the last license.');
  await add(mia).click();
  await mia.getByRole('dialog').getByRole('button', { name: 'Add license' }).click();
  await expect(row(mia)).toContainText('then 1 year from 22 Nov 2027');

  await max.getByRole('dialog').getByRole('button', { name: 'Add license' }).click();
  await expect(max.getByRole('dialog').getByRole('alert').first()).toContainText('Somebody else was faster');
  await expect(max.getByRole('dialog').getByRole('button', { name: 'Add activation code' })).toBeVisible();
  await max.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(row(max)).toContainText('then 1 year from 22 Nov 2027');
  await expect(left(max)).toHaveText(/^\s*0\s*Licenses left/);
});

test('the sensor was removed by the other', async ({ world }) => {
  await world.key(2, 'P1Y');
  const fridge = await world.sensor('282c02400001', 'Fridge 1');
  const [mia, max] = await two(world, '/licenses');
  await expect(row(max)).toBeVisible();
  await mia.goto(`/sensors/${fridge}`);
  await mia.getByRole('button', { name: 'More' }).click();
  await mia.getByRole('menuitem', { name: 'Remove' }).click();
  await mia.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(mia.getByText('Fridge 1 is removed.')).toBeVisible();

  await renewal(max).click();
  await expect(max.getByText('somebody may have removed it').first()).toBeVisible();
  await expect(row(max)).toHaveCount(0);
});

test('the sensor was removed by the other while a license is being added', async ({ world }) => {
  await world.key(2, 'P1Y');
  const fridge = await world.sensor('282c02400001', 'Fridge 1');
  const [, max] = await two(world, '/licenses');
  await add(max).click();
  await expect(max.getByRole('dialog')).toContainText('Queued behind the last license');
  await world.api('DELETE', `…/sensors/${fridge}`);
  await max.getByRole('dialog').getByRole('button', { name: 'Add license' }).click();
  await expect(max.getByRole('dialog').getByRole('alert')).toContainText(/somebody may have removed it/i);
  await max.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(row(max)).toHaveCount(0);
});

test('both switch auto renewal', async ({ world }) => {
  await world.key(2, 'P1Y');
  await world.sensor('282c02400001', 'Fridge 1');
  const [mia, max] = await two(world, '/licenses');
  await renewal(max).click();
  await expect(max.getByRole('dialog')).toContainText('Switch auto renewal of Fridge 1 off?');
  await renewal(mia).click();
  await mia.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
  await expect(renewal(mia)).not.toBeChecked();

  // Both want the same: nobody is refused.
  await max.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
  await expect(max.getByRole('dialog')).toHaveCount(0);
  await expect(renewal(max)).not.toBeChecked();
  await renewal(mia).click();
  await expect(renewal(mia)).toBeChecked();
  // Max's table still shows it as off: to switch it on changes nothing, and nothing is undone.
  await renewal(max).click();
  await expect(renewal(max)).toBeChecked();
  await mia.reload();
  await expect(renewal(mia)).toBeChecked();
});

test('the activation code was added by the other', async ({ world }) => {
  await world.user('administrator');
  const code = await world.code(5, 'P1Y');
  const [mia, max] = await two(world, '/licenses?add=code');
  for (const page of [mia, max]) {
    await page.getByRole('dialog').getByRole('textbox', { name: 'Activation code' }).fill(code);
    await expect(page.getByRole('dialog')).toContainText('5 licenses of 1 year');
  }
  await mia.getByRole('dialog').getByRole('button', { name: 'Add licenses' }).click();
  await expect(mia.getByRole('dialog')).toContainText('5 licenses of 1 year were added.');
  await max.getByRole('dialog').getByRole('button', { name: 'Add licenses' }).click();
  await expect(max.getByRole('dialog')).toContainText(/Already added on 21 November 2026.*; nothing has changed\./);
  await expect(left(max)).toHaveText(/^\s*5\s*Licenses left/);
});
