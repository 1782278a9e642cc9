// Somebody else was faster, or the answer was lost on its way: nothing that was typed is lost, and nothing is done twice.

import { expect, test } from './support/test';

test('an organization that was changed meanwhile: what was typed stays, and the person decides @one-engine', async ({ world }) => {
  const page = await world.logIn(await world.user('administrator', 'ana'), '/settings/organization');
  const name = page.getByRole('textbox', { name: 'Name' });
  const told = page.getByRole('alert').filter({ hasText: 'Somebody changed this meanwhile.' });
  const save = page.getByRole('button', { name: 'Save', exact: true });
  await name.fill('Northwind Cold');
  await world.api('PATCH', '…', { name: 'Northwind North' });
  await save.click();
  await expect(told).toContainText(/Name now:\s*Northwind North/);
  await expect(name).toHaveValue('Northwind Cold');
  await told.getByRole('button', { name: 'Take what is there' }).click();
  await expect(name).toHaveValue('Northwind North');
  await expect(told).toHaveCount(0);

  await name.fill('Northwind Cold');
  await world.api('PATCH', '…', { language: 'pl' });
  await save.click();
  await expect(told).toContainText(/Name now:\s*Northwind North/);
  await expect(told).toContainText(/Language now:\s*Polski/);
  await told.getByRole('button', { name: 'Save mine all the same' }).click();
  const now = () => world.api<{ name: string; language: string }>('GET', '…');
  await expect.poll(async () => (await now()).name).toBe('Northwind Cold');
  expect((await now()).language).toBe('en');
});

test('a sensor that got another name meanwhile @one-engine', async ({ world }) => {
  await world.key(2, 'P1Y');
  const fridge = await world.sensor('282c02400001', 'Fridge 1');
  const page = await world.logIn(await world.user('manager', 'mia'), `/sensors/${fridge}`);
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  const name = page.getByRole('textbox', { name: 'Name' });
  await name.fill('Fridge A');
  await world.api('PATCH', `…/sensors/${fridge}`, { name: 'Fridge B' });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const told = page.getByRole('alert').filter({ hasText: 'Somebody changed this meanwhile.' });
  await expect(told).toContainText(/Name now:\s*Fridge B/);
  await expect(name).toHaveValue('Fridge A');
  await told.getByRole('button', { name: 'Save mine all the same' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Fridge A' })).toBeVisible();
});

test('an alert rule that was changed meanwhile @one-engine', async ({ world }) => {
  const rule = await world.api<{ id: string }>('POST', '…/alert-rules', { name: 'Batteries', condition: { kind: 'low_battery' }, sensors: 'all' });
  const page = await world.logIn(await world.user('manager', 'mia'), '/alerts/rules');
  await page.getByRole('button', { name: 'More: Batteries' }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: /^Name/ }).fill('Low batteries');
  const condition = { kind: 'lost_connection', after_minutes: 120 };
  await world.api('PATCH', `…/alert-rules/${rule.id}`, { condition });
  await dialog.getByRole('button', { name: 'Save' }).click();
  const told = dialog.getByRole('alert').filter({ hasText: 'Somebody changed this meanwhile.' });
  await expect(told).toContainText(/Name now:\s*Batteries/);
  await expect(dialog.getByRole('textbox', { name: /^Name/ })).toHaveValue('Low batteries');
  await told.getByRole('button', { name: 'Take what is there' }).click();
  await expect(told).toHaveCount(0);
  await expect(dialog.getByRole('textbox', { name: /^Name/ })).toHaveValue('Batteries');
  await dialog.getByRole('textbox', { name: /^Name/ }).fill('Silence');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
  const [now] = (await world.api<{ items: { name: string; condition: object }[] }>('GET', '…/alert-rules')).items;
  expect([now!.name, now!.condition]).toEqual(['Silence', condition]);
});

test('an answer that is lost on its way: whoever tries again adds one license', async ({ world }) => {
  await world.key(5, 'P1Y');
  await world.sensor('282c02400001', 'Fridge 1');
  const page = await world.logIn(await world.user('manager', 'mia'), '/licenses');
  let lost = 0;
  await page.route(/\/(licenses|license-assignments)$/, async (route) => {
    if (route.request().method() !== 'POST' || lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    return route.abort('connectionreset');
  });
  await page.getByRole('button', { name: 'Add a license to Fridge 1' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Add license' }).click();
  await expect(dialog.getByRole('alert').first()).toContainText(/cannot be reached/);
  expect(lost).toBe(1);
  await dialog.getByRole('button', { name: 'Add license' }).click();
  await expect(dialog).toHaveCount(0);
  const summary = await world.api<{ licenses_left: number }>('GET', '…/license-summary');
  expect(summary.licenses_left, 'one for the sensor at first, and one more').toBe(3);
});
