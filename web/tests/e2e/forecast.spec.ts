// The forecast: what it says comes to pass, and what one only thinks of changes nothing.

import { expect, expectAccessible, test, type World } from './support/test';

/** Three sensors that want a license on 21 December 2026 and one that wants none, and one license for them. */
async function scene(world: World): Promise<string> {
  const email = await world.user('administrator', 'ana');
  await world.key(4, 'P30D');
  for (const place of [1, 2, 3]) await world.sensor(`282c0240000${place}`, `Fridge ${place}`);
  await world.sensor('282c02400004', 'Freezer', { auto_renewal: false });
  await world.key(1, 'P1Y');
  return email;
}

test('the forecast says what to buy and who goes without, and so it comes', async ({ world }) => {
  const email = await scene(world);
  const page = await world.logIn(email, '/licenses');
  // By keys alone.
  await page.getByRole('link', { name: 'Forecast' }).first().focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Forecast' })).toBeFocused();
  await page.getByRole('button', { name: '6 months' }).click();
  await expect(page).toHaveURL(/period=6m/);
  await page.getByRole('combobox', { name: 'Counted in licenses of' }).selectOption('1 year');
  await expect(page.getByText('2 licenses by 21 December 2026 keep every sensor with auto renewal covered until 21 May 2027.')).toBeVisible();
  await expect(page.getByText('1 sensor stops, because auto renewal is off.')).toBeVisible();

  const december = page.getByRole('row', { name: /December 2026/ });
  await expect(december.getByRole('cell')).toHaveText(['4', '1', '0', '2', '1', '0', '1']);
  await page.getByRole('button', { name: 'Figures' }).click();
  await expect(december).toBeInViewport();
  await expectAccessible(page);

  const rows = page.getByRole('row').filter({ has: page.getByRole('link') });
  await expect(rows).toHaveCount(4);
  await expect(rows.filter({ hasText: 'Fridge 1' })).toContainText(/renewed\s*takes 1 year on 22 Dec 2026, until 21 Dec 2027/);
  await page.getByRole('button', { name: 'Go without' }).click();
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText('Fridge 2');
  await expect(rows.last()).toContainText('Fridge 3');
  await page.getByRole('searchbox').fill('fridge 3');
  await expect(rows).toHaveCount(1);
  await page.getByRole('searchbox').fill('');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText('stops on 21 Dec 2026: auto renewal is off');
  await rows.first().getByRole('link', { name: 'Freezer' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Freezer' })).toBeVisible();

  await world.server.moveTo('2026-12-22T10:00:00Z');
  const later = await world.logIn(email, '/licenses?standing=expired&sort=name');
  await expect(later.getByRole('row').filter({ has: later.getByRole('link') })).toHaveText([/Freezer/, /Fridge 2/, /Fridge 3/]);
  await later.goto('/licenses?standing=covered');
  await expect(later.getByRole('row', { name: /Fridge 1/ })).toContainText('21 Dec 2027');
  await later.goto('/licenses/forecast?term=P1Y&period=6m');
  await expect(later.getByText('2 licenses now keep every sensor covered until 22 June 2027.')).toBeVisible();
  await expect(later.getByText('2 sensors have expired and wait for a license.')).toBeVisible();
});

test('what if: steps are played and told beside doing nothing, stand in the address, and change nothing @one-engine', async ({ world }) => {
  const email = await scene(world);
  const page = await world.logIn(email, '/licenses/forecast?period=6m&term=P1Y');
  const dialog = page.getByRole('dialog');
  const step = async (name: string): Promise<void> => {
    await page.getByRole('button', { name: 'Add a step' }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  await step('Add an activation code');
  await dialog.getByRole('textbox', { name: 'How many licenses' }).fill('0');
  await dialog.getByRole('button', { name: 'Add the step' }).click();
  await expect(dialog).toContainText('A whole number from 1 to 100,000.');
  await dialog.getByRole('textbox', { name: 'How many licenses' }).fill('2');
  await dialog.getByRole('button', { name: 'Add the step' }).click();
  const steps = page.getByRole('list', { name: 'Steps, in their order' });
  await expect(steps.getByRole('listitem')).toHaveText(['Add 2 licenses of 1 year']);
  await expect(page.getByText('No sensor goes without, instead of 2.')).toBeVisible();
  await expect(page.getByText('2 keep their cover.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'If nothing is done' })).toBeVisible();
  await expect(page.getByText(/^Nothing to buy: the licenses at hand keep every sensor with auto renewal covered/)).toBeVisible();

  await step('Switch auto renewal on');
  await dialog.getByRole('radio', { name: 'All that stop' }).click();
  await expect(dialog).toContainText('1 sensor.');
  await dialog.getByRole('button', { name: 'Add the step' }).click();
  await expect(steps.getByRole('listitem')).toHaveText(['Add 2 licenses of 1 year', 'Auto renewal on: Freezer']);
  await expect(page.getByText('1 license by 21 December 2026 keeps every sensor covered until 21 May 2027.')).toBeVisible();
  await expectAccessible(page);

  // A colleague opens the same address.
  const same = await world.logIn(email, page.url().replace(world.server.http, ''));
  await expect(same.getByRole('list', { name: 'Steps, in their order' }).getByRole('listitem')).toHaveText(['Add 2 licenses of 1 year', 'Auto renewal on: Freezer']);

  await steps.getByRole('button', { name: 'Remove this step: Add 2 licenses of 1 year' }).click();
  await expect(steps.getByRole('listitem')).toHaveText(['Auto renewal on: Freezer']);
  await page.getByRole('button', { name: 'Clear all steps' }).click();
  await expect(steps).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'If nothing is done' })).toHaveCount(0);
  const { licenses_left } = await world.api<{ licenses_left: number }>('GET', '…/license-summary');
  expect(licenses_left).toBe(1);
});

test('steps that the service refuses are told where they stand, and can be taken out @one-engine', async ({ world }) => {
  const email = await scene(world);
  const page = await world.logIn(email, '/licenses/forecast?if=remove.nobody');
  await expect(page.getByRole('main').getByRole('alert').filter({ hasText: /\w/ })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Which sensors' })).toBeVisible();
  await page.getByRole('button', { name: /^Remove this step/ }).click();
  await expect(page.getByRole('main').getByRole('alert').filter({ hasText: /\w/ })).toHaveCount(0);
  await expect(page).not.toHaveURL(/if=/);
});

test('without sensors there is nothing to foresee, and the page says what comes next @one-engine', async ({ world }) => {
  const email = await world.user('administrator');
  const page = await world.logIn(email, '/licenses/forecast');
  await expect(page.getByRole('heading', { name: 'There is nothing to foresee yet' })).toBeVisible();
  await expect(page.getByRole('main').getByRole('link', { name: 'To the License Manager' })).toBeVisible();
  await expectAccessible(page);
});
