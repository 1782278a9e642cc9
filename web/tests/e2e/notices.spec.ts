// Notices: who is told, what the next mails will say, what became of them, and being told no more.

import { mailTo } from './support/mail';
import { MailServer } from './support/receivers';
import { expect, test as base, type World } from './support/test';

/** Three sensors whose licenses end on 31 December: one is renewed, one finds no license, one has its auto renewal off. */
async function threeThatEnd(world: World, licenses = 4): Promise<void> {
  await world.key(licenses, 'P40D');
  await world.sensor('282c02400001', 'Fridge 1');
  await world.sensor('282c02400002', 'Fridge 2');
  await world.sensor('282c02400003', 'Freezer', { auto_renewal: false });
}

base('who is told of what is ticked for each kind, and a test mail is followed to its end @one-engine', async ({ world }) => {
  const ana = await world.user('administrator', 'ana');
  await world.user('manager', 'mia');
  const page = await world.logIn(ana, '/settings/notifications');
  await expect(page.getByText('This service has no mail server.')).toBeVisible();
  const row = (name: string) => page.getByRole('row', { name: new RegExp(name) });
  await expect(row('Mia')).toContainText('Manager');
  await expect(row('Mia')).toContainText('mails in English');
  const expiration = (name: string) => page.getByRole('checkbox', { name: `License expiration: ${name}` });
  const low = (name: string) => page.getByRole('checkbox', { name: `Licenses run low: ${name}` });
  await expect(expiration('Ana')).toBeChecked();
  await expiration('Ana').uncheck();
  await expect(page.getByText('Nobody is ticked for “License expiration”')).toBeVisible();
  await expiration('Mia').check();
  await low('Ana').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved')).toBeVisible();
  await page.reload();
  await expect(expiration('Mia')).toBeChecked();
  await expect(expiration('Ana')).not.toBeChecked();
  await expect(low('Ana')).toBeChecked();

  await page.getByRole('button', { name: 'Send me a test mail' }).click();
  const followed = page.getByRole('status').filter({ hasText: `Test mail to ${ana}` });
  await expect(followed).toContainText('It is in the folder of the service.');
  await expect(page.getByRole('row', { name: new RegExp(`Test · to ${ana}`) })).toContainText('Sent');
  expect(await mailTo(world, ana)).not.toHaveLength(0);
});

base('the License Manager says what the next mails will say, and they come and say it', async ({ world }) => {
  const ana = await world.user('administrator', 'ana');
  await threeThatEnd(world);
  const before = await world.logIn(ana, '/licenses');
  await expect(before.getByRole('main')).toContainText(
    'Next mail: 30 November 2026, 08:00, into the folder of the service: 3 sensors expire on 31 December 2026; 1 finds no license, 1 has auto renewal off, 1 is renewed by itself.',
  );
  await before.getByRole('button', { name: '1 more' }).click();
  await expect(before.getByRole('list', { name: 'The mails after that' })).toContainText('31 December 2026, 08:00 3 sensors expire on that day');

  await world.server.moveTo('2026-11-30T07:00:00Z');
  const sent = async () => (await world.api<{ items: { subject: string }[] }>('GET', '…/notices?kind=month_before&state=sent')).items;
  await expect.poll(async () => (await sent()).length, { message: 'the notice of the month before' }).toBe(1);
  expect((await mailTo(world, ana)).join('\n')).toContain('Fridge 2');
  const page = await world.logIn(ana, '/settings/notifications?kind=month_before');
  const main = page.getByRole('main');
  const mail = page.getByRole('row', { name: /A month before/ });
  await expect(mail).toContainText(`to ${ana}`);
  await expect(mail).toContainText('Sent');
  await page.goto('/licenses');
  await expect(main).toContainText('Next mail: 31 December 2026, 08:00');

  // Nobody is ticked any more: that is said where the mails were.
  await world.api('PUT', '…/notification-recipients', { license_expiration: [] });
  await page.reload();
  await expect(main).toContainText('Nobody is told by e-mail when licenses expire.');
  await main.getByRole('link', { name: 'Choose who is told' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Notification manager');
});

base('the link in a mail shows what it is about, and only its button changes something @one-engine', async ({ world }) => {
  const ana = await world.user('administrator', 'ana');
  // With so many licenses, the pool is not low: there is one mail.
  await threeThatEnd(world, 6);
  await world.server.moveTo('2026-11-30T07:00:00Z');
  await expect.poll(async () => (await mailTo(world, ana)).join('\n')).toMatch(/\/unsubscribe#[\w.-]+/);
  const link = /\/unsubscribe#[\w.-]+/.exec((await mailTo(world, ana)).join('\n'))![0];
  const told = async () => (await world.api<{ license_expiration: string[] }>('GET', '…/notification-recipients')).license_expiration.length;

  const page = await world.browser();
  await page.goto(link);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Stop these mails?');
  await expect(page.getByRole('main')).toContainText(`${ana} gets mails of Northwind Foods when licenses expire.`);
  expect(await told()).toBe(1);
  await page.getByRole('button', { name: 'Stop these mails' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are told no more');
  expect(await told()).toBe(0);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are told no more');
  await page.getByRole('button', { name: 'Get them again' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are told again');
  expect(await told()).toBe(1);

  await page.goto('about:blank');
  await page.goto('/unsubscribe#not-a-token');
  await expect(page.getByRole('alert')).toContainText('This link is not right');
});

base('a rule tells whom it names, oneself by one click @one-engine', async ({ world }) => {
  const ana = await world.user('administrator', 'ana');
  await world.user('manager', 'mia');
  await world.key(1, 'P1Y');
  await world.sensor('282c02400001', 'Fridge 1');
  const page = await world.logIn(ana, '/alerts/rules');
  await page.getByRole('main').getByRole('button', { name: 'Add rule' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Threshold' }).fill('8');
  await dialog.getByRole('textbox', { name: /^Name/ }).fill('Too warm');
  await dialog.getByRole('group', { name: 'Mails to' }).getByRole('checkbox', { name: 'Ana (you)' }).check();
  await dialog.getByRole('button', { name: 'Add rule' }).click();
  await expect(page.getByRole('row', { name: /Too warm/ })).toContainText('Ana');

  await world.send('282c02400001', ['--at', '2026-11-21T10:00:00Z', '--value', 'temperature=12.5']);
  await expect.poll(async () => (await mailTo(world, ana)).join('\n'), { message: 'a mail of the alert' }).toContain('Too warm');

  await page.getByRole('button', { name: 'More: Too warm' }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  await dialog.getByRole('checkbox', { name: 'Ana (you)' }).uncheck();
  await dialog.getByRole('checkbox', { name: 'Mia' }).check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('row', { name: /Too warm/ })).toContainText('Mia');
});

const test = base.extend<{ mail: MailServer }>({
  mail: async ({}, use) => {
    const mail = await MailServer.start();
    await use(mail);
    mail.close();
  },
  settings: async ({ mail }, use) => {
    await use({ TENURE_SMTP_URL: `smtp://127.0.0.1:${mail.port}`, TENURE_MAIL_FROM: 'tenure@northwind.example' });
  },
});

test('a mail that was refused is seen with its reason, counted, and sent again @one-engine', async ({ world, mail }) => {
  const ana = await world.user('administrator', 'ana');
  const page = await world.logIn(ana, '/settings/notifications');
  await expect(page.getByRole('heading', { name: 'Mails' })).toBeVisible();
  await expect(page.getByText('This service has no mail server.')).toHaveCount(0);
  mail.answer = '550 5.1.1 There is no such person';
  await page.getByRole('button', { name: 'Send me a test mail' }).click();
  const followed = page.getByRole('status').filter({ hasText: 'Test mail to' });
  await expect(followed).toContainText('It has failed.');
  await expect(followed).toContainText('550 5.1.1 There is no such person');

  await page.goto('/settings');
  await expect(page.getByRole('main').getByText('1 mail failed')).toBeVisible();
  await page.getByRole('link', { name: 'Open Notification manager' }).click();
  await expect(page.getByText('1 mail has failed in the last 7 days.')).toBeVisible();
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  const row = page.getByRole('row', { name: /Test/ });
  await expect(row).toContainText('Failed');
  await expect(row).toContainText('550 5.1.1 There is no such person');

  mail.answer = '250 2.1.5 ok';
  await row.getByRole('button', { name: /^Send again/ }).click();
  await expect(page.getByText('It is on its way again')).toBeVisible();
  await expect.poll(() => mail.taken.length).toBe(1);
  await page.getByRole('button', { name: 'Show all' }).or(page.getByRole('button', { name: 'All', exact: true })).first().click();
  await page.reload();
  await expect(page.getByRole('row', { name: /Test/ })).toContainText('Sent');
  await expect(page.getByText('mail has failed in the last 7 days')).toHaveCount(0);
});

test('a mail that has to wait says when it is tried next @one-engine', async ({ world, mail }) => {
  const ana = await world.user('administrator', 'ana');
  mail.answer = '451 4.7.1 Try again later';
  const page = await world.logIn(ana, '/settings/notifications?state=queued');
  await expect(page.getByText('No mail fits')).toBeVisible();
  await page.getByRole('button', { name: 'Send me a test mail' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Test mail to' })).toContainText('It could not be handed over yet, and is tried again.');
  await page.reload();
  const row = page.getByRole('row', { name: /Test/ });
  await expect(row).toContainText('Waiting');
  await expect(row).toContainText(/tried 1 time, next try 21 Nov 2026/);
  await expect(row).toContainText('451 4.7.1 Try again later');
});
