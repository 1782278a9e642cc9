// The secret address for one's own calendar.

import { expect, test } from './support/test';

test('one makes an address for a calendar, renews it and removes it @one-engine', async ({ world }) => {
  const email = await world.user('manager', 'mia');
  await world.key(1, 'P1Y');
  await world.sensor('282c02400001', 'Fridge 1');
  const page = await world.logIn(email, '/licenses');
  await page.getByRole('link', { name: 'These dates in your calendar' }).click();
  await expect(page.getByRole('heading', { name: 'Calendar of Northwind Foods' })).toBeInViewport();
  await page.getByRole('button', { name: 'Make an address' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('It is shown only here');
  const shown = async () => dialog.getByText(/\/calendar\/.+\.ics$/).innerText();
  /** What a calendar gets there: the address is the one by which the service is called. */
  const read = (address: string) => fetch(new URL(new URL(address).pathname, world.server.http));
  const first = await shown();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('never read yet')).toBeVisible();
  const calendar = await (await read(first)).text();
  expect(calendar).toContain('BEGIN:VCALENDAR');
  expect(calendar).toContain('DTSTART;VALUE=DATE:20271121');
  expect(calendar).toContain('Fridge 1');
  await page.reload();
  await expect(page.getByText('last read')).toBeVisible();

  await page.getByRole('button', { name: 'New address' }).click();
  await dialog.getByRole('button', { name: 'New address' }).click();
  await expect(dialog).toContainText('How to add it');
  const second = await shown();
  expect(second).not.toBe(first);
  await dialog.getByRole('button', { name: 'Done' }).click();
  expect((await read(first)).status).toBe(404);
  expect((await read(second)).status).toBe(200);

  await page.getByRole('button', { name: 'Remove' }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('You have no address for your calendar yet.')).toBeVisible();
  expect((await read(second)).status).toBe(404);
});

test('who may not read licenses has no address for them @one-engine', async ({ world }) => {
  const page = await world.logIn(await world.user('analyst', 'otto'), '/settings/profile');
  await expect(page.getByRole('heading', { name: 'One-time codes' })).toBeVisible();
  await expect(page.getByRole('heading', { name: /^Calendar/ })).toHaveCount(0);
});
