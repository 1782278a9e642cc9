// Webhooks: made with a secret that is shown once, tried, failing, switched off by themselves, and sent again.

import { createHmac } from 'node:crypto';

import { Receiver } from './support/receivers';
import { expect, test as base } from './support/test';

base('an address that cannot be reached from here is refused at its field @one-engine', async ({ world }) => {
  const page = await world.logIn(await world.user('administrator', 'ana'), '/settings/webhooks');
  await expect(page.getByText('No webhooks yet')).toBeVisible();
  await page.getByRole('main').getByRole('button', { name: 'Add a webhook' }).first().click();
  const dialog = page.getByRole('dialog');
  const address = dialog.getByRole('textbox', { name: 'Address' });
  const add = dialog.getByRole('button', { name: 'Add a webhook' });
  await add.click();
  await expect(dialog.getByText('Enter the address.')).toBeVisible();
  await address.fill('http://hooks.northwind.example/in');
  await add.click();
  await expect(address).toHaveAccessibleDescription(/The address begins with https:\/\//);
  await address.fill('https://127.0.0.1/in');
  await add.click();
  await expect(address).toHaveAccessibleDescription(/This address is not on the public internet/);
  await expect(address).toHaveAttribute('aria-invalid', 'true');
  for (const box of await dialog.getByRole('checkbox').all()) await box.uncheck();
  await add.click();
  await expect(dialog.getByText('Choose at least one event.')).toBeVisible();
});

const test = base.extend<{ receiver: Receiver }>({
  receiver: async ({}, use) => {
    const receiver = await Receiver.start();
    await use(receiver);
    await receiver.close();
  },
  settings: async ({}, use) => use({ TENURE_WEBHOOK_TARGETS: 'any' }),
});

test('a webhook is made, tried, fails, is switched off by itself, and goes on @one-engine', async ({ world, receiver }) => {
  const page = await world.logIn(await world.user('administrator', 'ana'), '/settings/webhooks');
  await page.getByRole('main').getByRole('button', { name: 'Add a webhook' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Address' }).fill(receiver.url);
  await dialog.getByRole('textbox', { name: /^Description/ }).fill('Tickets');
  await dialog.getByRole('checkbox', { name: /Licenses go on/ }).uncheck();
  await dialog.getByRole('button', { name: 'Add a webhook' }).click();
  await expect(dialog).toContainText('It is shown only here');
  const secret = await dialog.getByText(/^whsec_/).innerText();
  await dialog.getByRole('button', { name: 'Done' }).click();
  const item = page.getByRole('listitem').filter({ hasText: 'Tickets' });
  await expect(item).toContainText('Licenses expire soon · Licenses have expired · Licenses run low · Measurements are refused');
  await expect(item.getByRole('switch', { name: 'Webhook Tickets is on' })).toBeChecked();

  await item.getByRole('link', { name: 'Tickets: deliveries' }).click();
  await expect(page.getByText('Nothing was sent yet')).toBeVisible();
  const send = page.getByRole('button', { name: 'Send a test' });
  await send.click();
  const followed = page.getByRole('status').filter({ hasText: 'The test' });
  await expect(followed).toContainText('The receiver has taken it.');
  await expect(page.getByRole('row', { name: /webhook\.test/ })).toContainText('Sent');
  const { headers, body } = receiver.received[0]!;
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const signature = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64')).update(signed).digest('base64');
  expect(String(headers['webhook-signature']).split(' ')).toContain(`v1,${signature}`);
  expect(JSON.parse(body)).toMatchObject({ type: 'webhook.test' });

  // It says that it is gone for good.
  receiver.status = 410;
  await send.click();
  await expect(followed).toContainText('It has failed.');
  await expect(page.getByText('the receiver said that this address is gone for good (410)')).toBeVisible();
  await expect(send).toBeDisabled();
  const switched = page.getByRole('switch', { name: 'Webhook Tickets is on' });
  await expect(switched).not.toBeChecked();
  receiver.status = 204;
  await switched.click();
  await expect(switched).toBeChecked();
  await page.getByRole('group', { name: 'State' }).getByRole('button', { name: 'Failed' }).click();
  await page.getByRole('row', { name: /webhook\.test/ }).getByRole('button', { name: /^Send again/ }).click();
  await expect(page.getByText('It is on its way again')).toBeVisible();
  await expect.poll(() => receiver.received.length).toBe(3);

  // A new secret, and then none of it any more.
  await page.getByRole('button', { name: 'More for Tickets' }).click();
  await page.getByRole('menuitem', { name: 'New secret' }).click();
  await dialog.getByRole('button', { name: 'Make a new secret' }).click();
  await expect(dialog.getByText(/^whsec_/)).not.toHaveText(secret);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'More for Tickets' }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('No webhooks yet')).toBeVisible();
});
