// Bringing sensors to a common date: which, when, what comes of it, done; also when somebody else is faster.

import type { Locator, Page } from '@playwright/test';
import { expect, expectAccessible, test, type World } from './support/test';

/** Three sensors that end on 21 December, 20 January and 19 February, and so many licenses of 30 days. */
async function scene(world: World, left: number): Promise<{ email: string; sensors: string[] }> {
  const email = await world.user('administrator', 'ana');
  const sensors: string[] = [];
  for (const [place, term] of ['P30D', 'P60D', 'P90D'].entries()) {
    await world.key(1, term);
    sensors.push(await world.sensor(`282c0240000${place + 1}`, `Fridge ${place + 1}`));
  }
  if (left > 0) await world.key(left, 'P30D');
  return { email, sensors };
}

/** Selects all in the License Manager, and goes on to the preview of this date. */
async function preview(page: Page): Promise<Locator> {
  await page.getByRole('checkbox', { name: 'Select all rows shown' }).click();
  await page.getByRole('button', { name: 'Common date …' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('radio', { name: 'The 3 sensors that are selected' })).toBeChecked();
  await dialog.getByRole('button', { name: 'Next' }).click();
  await expect(dialog.getByRole('radio').first()).toBeChecked();
  await expectAccessible(page);
  await dialog.getByRole('radio', { name: 'Another date' }).click();
  await dialog.getByLabel('All end around').fill('2026-11-20');
  await dialog.getByRole('button', { name: 'Next' }).click();
  await expect(dialog).toContainText('Choose a date in the future.');
  await dialog.getByLabel('All end around').fill('2027-02-19');
  await dialog.getByRole('button', { name: 'Next' }).click();
  return dialog;
}
const ends = async (world: World): Promise<string[]> =>
  (await world.api<{ items: { name: string; covered_until_on: string }[] }>('GET', '…/sensors?sort=name')).items.map((one) => one.covered_until_on);

test('sensors are brought to one date by whole licenses, as the preview has shown', async ({ world }) => {
  const { email } = await scene(world, 4);
  const page = await world.logIn(email, '/licenses');
  const dialog = await preview(page);
  await expect(dialog).toContainText('19 February 2027: The ends lie 60 days apart now, and 0 days then.');
  await expect(dialog).toContainText('3 licenses are queued; then 1 is left.');
  const row = (name: string) => dialog.getByRole('row', { name: new RegExp(name) });
  await expect(row('Fridge 1')).toContainText('2 × 30 days');
  await expect(row('Fridge 2')).toContainText('1 × 30 days');
  await expect(row('Fridge 3')).toContainText('stays as it is');
  for (const name of ['Fridge 1', 'Fridge 2', 'Fridge 3']) await expect(row(name)).toContainText(/19 Feb 2027\s*on the date/);
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Queue 3 licenses' }).click();
  await expect(page.getByText('3 licenses are queued; the ends lie around 19 February 2027 now.')).toBeVisible();
  await expect(dialog).toHaveCount(0);
  expect(await ends(world)).toEqual(['2027-02-19', '2027-02-19', '2027-02-19']);
});

test('when somebody else is faster nothing is done, and what has changed is shown', async ({ world }) => {
  const { email, sensors } = await scene(world, 4);
  const page = await world.logIn(email, '/licenses');
  const dialog = await preview(page);
  await expect(dialog).toContainText('3 licenses are queued');
  await world.api('POST', `…/sensors/${sensors[0]}/licenses`, {});
  await dialog.getByRole('button', { name: 'Queue 3 licenses' }).click();
  await expect(dialog.getByRole('alert').first()).toContainText('for 1 sensor the plan is another one than you saw');
  await expect(dialog.getByRole('row', { name: /Fridge 1/ })).toContainText(/changed\s*1 × 30 days/);
  expect(await ends(world)).toEqual(['2027-01-20', '2027-01-20', '2027-02-19']);
  await dialog.getByRole('button', { name: 'Queue 2 licenses' }).click();
  await expect(dialog).toHaveCount(0);
  expect(await ends(world)).toEqual(['2027-02-19', '2027-02-19', '2027-02-19']);
});

test('without licenses the way leads to an activation code, and back to the plan @one-engine', async ({ world }) => {
  const { email } = await scene(world, 0);
  const code = await world.code(3, 'P30D');
  const page = await world.logIn(email, '/licenses/forecast');
  await page.getByRole('button', { name: 'Common date …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Common date' });
  await expect(dialog).toContainText('3 sensors');
  await dialog.getByRole('button', { name: 'Next' }).click();
  await expect(dialog).toContainText('With the licenses at hand no date brings these ends nearer to each other.');
  await dialog.getByLabel('All end around').fill('2027-02-19');
  await dialog.getByRole('button', { name: 'Next' }).click();
  await expect(dialog.getByRole('row', { name: /Fridge 1/ })).toContainText('stays as it is');
  await dialog.getByRole('button', { name: 'Add activation code' }).first().click();
  const adding = page.getByRole('dialog', { name: 'Add activation code' });
  await adding.getByRole('textbox', { name: 'Activation code' }).fill(code);
  await adding.getByRole('button', { name: 'Add licenses' }).click();
  await page.getByRole('dialog', { name: 'Added' }).getByRole('button', { name: 'Done' }).click();
  await expect(dialog.getByRole('row', { name: /Fridge 1/ })).toContainText('2 × 30 days');
  await dialog.getByRole('button', { name: 'Queue 3 licenses' }).click();
  await expect(dialog).toHaveCount(0);
  expect(await ends(world)).toEqual(['2027-02-19', '2027-02-19', '2027-02-19']);
});
