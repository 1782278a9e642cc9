// Lists that go on behind their first page.

import { expect, test } from './support/test';

test('the audit trail goes on behind its first page, to its end', async ({ world }) => {
  const email = await world.user('administrator');
  await world.key(30, 'P1Y');
  for (let place = 10; place < 40; place++) await world.sensor(`282c024000${place}`, `Fridge ${place}`);
  const page = await world.logIn(email, '/settings/audit');
  const first = page.getByRole('main').getByText('Fridge 10', { exact: true });
  await expect(page.getByRole('main').getByText('Fridge 39', { exact: true }).first()).toBeVisible();
  await expect(first).toHaveCount(0);
  await page.getByRole('button', { name: 'Show older entries' }).click();
  await expect(first.first()).toBeVisible();
  await expect(page.getByRole('main')).toContainText('This is where the trail begins.');
});

test('the operator’s codes go on behind their first page @one-engine', async ({ world }) => {
  const email = await world.user('operator');
  for (let licenses = 1; licenses <= 51; licenses++) await world.code(licenses, 'P1Y');
  const page = await world.logIn(email, '/operator/codes');
  await expect(page.getByRole('row')).toHaveCount(51);
  await page.getByRole('button', { name: 'Show more' }).click();
  await expect(page.getByRole('row')).toHaveCount(52);
});
