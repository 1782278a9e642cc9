// The License Manager, as a Manager meets it.

import { expect, expectAccessible, test } from './support/test';

test('R11, R19: a license is added with its dates shown before, and taken back by undo', async ({ world }) => {
  const email = await world.user('administrator');
  await world.key(3, 'P1Y');
  await world.sensor('282c02400001', 'Fridge 1');
  const page = await world.logIn(email, '/licenses');
  const row = page.getByRole('row', { name: /Fridge 1/ });
  await expect(row).toContainText('365 days');
  await row.getByRole('button', { name: 'Add a license to Fridge 1' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('taken by itself');
  await expect(dialog).toContainText(/Queued behind the last license: from \d+ \w+ \d{4} until \d+ \w+ \d{4}/);
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Add license' }).click();
  await expect(row).toContainText(/then 1 year from \d+ \w+ \d{4}, key/);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(row).not.toContainText('then 1 year');
});

test('R1: a typo in an activation code is told by its group, before anything is asked @one-engine', async ({ world }) => {
  const email = await world.user('administrator');
  const code = await world.code(5, 'P2Y');
  const page = await world.logIn(email, '/licenses');
  await page.getByRole('button', { name: 'Add activation code' }).first().click();
  const field = page.getByRole('textbox', { name: 'Activation code' });
  const wrong = code.slice(0, 12) + (code[12] === '7' ? '8' : '7') + code.slice(13);
  await field.fill(wrong);
  await expect(page.getByRole('dialog')).toContainText('a typo in its third group');
  await expect(page.getByRole('button', { name: 'Add licenses' })).toBeDisabled();
  await field.fill(code.toLowerCase().replaceAll('-', ' '));
  await expect(field).toHaveValue(code);
  await expect(page.getByRole('dialog')).toContainText('5 licenses of 2 years');
  await page.getByRole('button', { name: 'Add licenses' }).click();
  await expect(page.getByRole('dialog')).toContainText('5 licenses of 2 years were added.');
});

test('the table is worked by keys alone @one-engine', async ({ world }) => {
  const email = await world.user('administrator');
  await world.key(60, 'P1Y');
  for (let place = 10; place < 70; place++) await world.sensor(`282c024000${place}`, `Fridge ${place}`);
  const page = await world.logIn(email, '/licenses?sort=name');
  await expect(page.getByRole('grid')).toHaveAttribute('aria-rowcount', '61');
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox')).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('link', { name: 'Fridge 10' })).toBeFocused();
  await page.keyboard.press('Control+End');
  await expect(page.getByRole('button', { name: 'More for Fridge 69' })).toBeFocused();
  await page.keyboard.press('Control+Home');
  await expect(page.getByRole('checkbox', { name: 'Select Fridge 10' })).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space');
  await expect(page.getByRole('row', { selected: true })).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('row', { selected: true })).toHaveCount(0);
  await page.keyboard.press('+');
  await expect(page.getByRole('dialog')).toContainText('Add a license to Fridge 11');
  await page.keyboard.press('Escape');
  await expect(page.locator('[data-cell="1 2"]')).toBeFocused();
  await expectAccessible(page);
});

test('switching auto renewal off says when the sensor will stop @one-engine', async ({ world }) => {
  const email = await world.user('administrator');
  await world.key(2, 'P1Y');
  await world.sensor('282c02400001', 'Fridge 1');
  const page = await world.logIn(email, '/licenses');
  const renewal = page.getByRole('switch', { name: 'Auto renewal of Fridge 1' });
  await renewal.click();
  await expect(page.getByRole('dialog')).toContainText(/Fridge 1 will then stop on \d+ \w+ \d{4}/);
  await page.getByRole('button', { name: 'Switch off' }).click();
  await expect(renewal).not.toBeChecked();
});
