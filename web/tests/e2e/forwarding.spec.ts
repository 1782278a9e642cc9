// What the operator sees of messages that are handed on to another system.

import { Receiver } from './support/receivers';
import { expect, test as base } from './support/test';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const test = base.extend<{ receiver: Receiver }>({
  receiver: async ({}, use) => {
    const receiver = await Receiver.start();
    await use(receiver);
    await receiver.close();
  },
  settings: async ({ receiver }, use) => use({ TENURE_FORWARD_URL: receiver.url, TENURE_FORWARD_SECRET: SECRET }),
});

test('the operator sees whether messages are taken, and since when not @one-engine', async ({ world, receiver }) => {
  await world.key(1, 'P1Y');
  await world.sensor('282c02400001', 'Freezer');
  const page = await world.logIn(await world.user('operator'), '/operator/organizations');
  const line = page.getByRole('region', { name: 'Forwarding' });
  await expect(line).toHaveText(`Accepted messages are handed on to ${receiver.url}. None has been taken yet.`);
  await world.send('282c02400001', ['--value', 'temperature=-18.5']);
  await expect.poll(() => receiver.received.length).toBe(1);
  const { headers, body } = receiver.received[0]!;
  expect(headers['webhook-id']).toMatch(/^messages_/);
  expect(JSON.parse(body).data.messages[0]).toMatchObject({ serial: '282c02400001', channels: [{ type: 'temperature', points: [{ value: -18.5 }] }] });
  await expect(async () => {
    await page.reload();
    await expect(line).toHaveText(/, the last one 21 Nov 2026, /, { timeout: 1_000 });
  }).toPass();

  receiver.status = 503;
  await world.send('282c02400001', ['--value', 'temperature=-18']);
  await expect.poll(() => receiver.received.length).toBeGreaterThan(1);
  await expect(async () => {
    await page.reload();
    await expect(line).toContainText(`${receiver.url} has taken no message since 21 Nov 2026, `, { timeout: 1_000 });
  }).toPass();
  await expect(line).toContainText('It said last: 503 Service Unavailable 1 message waits, the oldest since 21 Nov 2026, ');
});

base('where nothing is handed on, nothing is said of it @one-engine', async ({ world }) => {
  await world.user('administrator');
  const page = await world.logIn(await world.user('operator'), '/operator/organizations');
  await expect(page.getByRole('cell', { name: 'Northwind Foods' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Forwarding' })).toHaveCount(0);
});
