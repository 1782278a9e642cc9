// Log-in, passwords, invitations, one-time codes and the end of a session.

import { createHmac } from 'node:crypto';

import { mailTo } from './support/mail';
import { PASSWORD, START, expect, test, type World } from './support/test';
import type { Page } from '@playwright/test';

const NEW_PASSWORD = 'quite another password';

async function enter(page: Page, email: string, password: string): Promise<void> {
  await page.getByRole('textbox', { name: 'E-mail address' }).fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** The link in the mail that was written to this person. */
async function linkInMail(world: World, to: string, path: string): Promise<string> {
  const link = new RegExp(`${path}#[\\w-]+`);
  await expect.poll(async () => (await mailTo(world, to)).join('\n'), { message: `a mail to ${to}` }).toMatch(link);
  return link.exec((await mailTo(world, to)).join('\n'))![0];
}

/** RFC 6238 with what every authenticator app assumes: SHA-1, six digits, thirty seconds. */
function oneTimeCode(secret: string, instant: string): string {
  const bits = [...secret.replace(/\s/g, '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.parse(instant) / 30_000)));
  const hash = createHmac('sha1', key).update(counter).digest();
  const at = hash[19]! & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('a wrong password is told without saying whether the account exists; the right one leads to where one wanted @one-engine', async ({ world }) => {
  const email = await world.user('administrator', 'ana');
  const page = await world.browser();
  await page.goto('/licenses');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
  await enter(page, email, 'not this password');
  await expect(page.getByRole('alert')).toContainText('The e-mail address or the password is not right.');
  await expect(page.getByRole('textbox', { name: 'Password' })).toBeFocused();
  await enter(page, 'nobody@northwind.example', PASSWORD);
  await expect(page.getByRole('alert')).toContainText('The e-mail address or the password is not right.');
  await enter(page, email, PASSWORD);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('License Manager');
  await expect(page).toHaveURL(/\/licenses$/);
  await page.getByRole('button', { name: 'Your account' }).click();
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
  await page.goto('/licenses');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
});

test('a forgotten password is set anew by the link of a mail, once', async ({ world }) => {
  const email = await world.user('administrator', 'ana');
  const elsewhere = await world.logIn(email, '/sensors');
  const page = await world.browser();
  await page.goto('/log-in');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByRole('textbox', { name: 'E-mail address' }).fill(email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByText(`If there is an account for ${email}, a link is on its way there.`)).toBeVisible();
  await expect(page.getByText('This service writes its mail to a folder')).toBeVisible();

  const link = await linkInMail(world, email, '/reset');
  await page.goto(link);
  await page.getByRole('textbox', { name: 'New password' }).fill(NEW_PASSWORD);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByRole('main').getByRole('link', { name: 'Log in' }).click();
  await enter(page, email, PASSWORD);
  await expect(page.getByRole('alert')).toContainText('The e-mail address or the password is not right.');
  await enter(page, email, NEW_PASSWORD);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sensors');

  // Whoever was logged in with the old one is out.
  await elsewhere.reload();
  await expect(elsewhere.getByRole('heading', { level: 1 })).toHaveText('Log in');
  // The link works once.
  const again = await world.browser();
  await again.goto(link);
  await again.getByRole('textbox', { name: 'New password' }).fill('a third password');
  await again.getByRole('button', { name: 'Set the password' }).click();
  await expect(again.getByRole('alert')).toContainText('This link has been used or has expired.');
});

test('a colleague is invited by a mail, joins, and works in their role', async ({ world }) => {
  const email = await world.user('administrator', 'ana');
  const page = await world.logIn(email, '/settings/users');
  await page.getByRole('button', { name: 'Invite' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'E-mail address' }).fill('otto@northwind.example');
  await dialog.getByRole('radio', { name: /Analyst/ }).check();
  await dialog.getByRole('button', { name: 'Invite' }).click();
  await expect(dialog).toContainText('It is shown only here, and works once');
  const shown = await dialog.getByText(/\/invitation#/).innerText();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('row', { name: /otto@northwind.example/ })).toContainText('Analyst');

  const link = await linkInMail(world, 'otto@northwind.example', '/invitation');
  expect(shown.endsWith(link)).toBe(true);
  const otto = await world.browser();
  await otto.goto(link);
  await expect(otto.getByRole('heading', { level: 1 })).toHaveText('Join Northwind Foods');
  await expect(otto.getByRole('main')).toContainText('as Analyst');
  await otto.getByRole('textbox', { name: /^Your name/ }).fill('Otto Lang');
  await otto.getByRole('textbox', { name: 'Password' }).fill('too short');
  await otto.getByRole('button', { name: 'Join' }).click();
  await expect(otto.getByRole('heading', { level: 1 })).toHaveText('Join Northwind Foods');
  await otto.getByRole('textbox', { name: 'Password' }).fill(NEW_PASSWORD);
  await otto.getByRole('button', { name: 'Join' }).click();
  await expect(otto.getByRole('heading', { level: 1 })).toHaveText('Sensors');
  await expect(otto.getByRole('button', { name: 'Your account' })).toContainText('Analyst');
  await page.reload();
  await expect(page.getByRole('row', { name: /Otto Lang/ })).toContainText('Analyst');
  await expect(page.getByRole('heading', { name: 'Open invitations' })).toHaveCount(0);

  const third = await world.browser();
  await third.goto(link);
  await expect(third.getByRole('alert')).toContainText('This invitation was used, withdrawn or has expired.');
});

test('a changed password ends all other sessions, and not this one', async ({ world }) => {
  const email = await world.user('administrator', 'ana');
  const elsewhere = await world.logIn(email, '/sensors');
  const page = await world.logIn(email, '/settings/profile');
  const button = page.getByRole('button', { name: 'Change the password' });
  await page.getByRole('textbox', { name: 'Current password' }).fill('not this one');
  await page.getByRole('textbox', { name: 'New password' }).fill(NEW_PASSWORD);
  await button.click();
  await expect(page.getByText('This is not your password.')).toBeVisible();
  await page.getByRole('textbox', { name: 'Current password' }).fill(PASSWORD);
  await button.click();
  await expect(page.getByText('The password is changed; all other sessions have ended')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Profile');
  await elsewhere.reload();
  await enter(elsewhere, email, PASSWORD);
  await expect(elsewhere.getByRole('alert')).toContainText('is not right');
  await enter(elsewhere, email, NEW_PASSWORD);
  await expect(elsewhere.getByRole('heading', { level: 1 })).toHaveText('Sensors');
});

test('one-time codes: set up, asked for at log-in, and a recovery code when the phone is lost @one-engine', async ({ world }) => {
  const email = await world.user('administrator', 'ana');
  const page = await world.logIn(email, '/settings/profile');
  await page.getByRole('button', { name: 'Set up one-time codes' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Next' }).click();
  const secret = await dialog.locator('code').innerText();
  const code = dialog.getByRole('textbox', { name: 'One-time code' });
  const right = oneTimeCode(secret, START);
  await code.fill(right === '000000' ? '111111' : '000000');
  await dialog.getByRole('button', { name: 'Confirm' }).click();
  await expect(dialog.getByText('This one-time code is not right')).toBeVisible();
  await code.fill(right);
  await dialog.getByRole('button', { name: 'Confirm' }).click();
  await expect(dialog.getByRole('listitem')).toHaveCount(10);
  const recovery = await dialog.getByRole('listitem').first().innerText();
  await dialog.getByRole('button', { name: 'I have kept them' }).click();
  await expect(page.getByText('10 recovery codes are left')).toBeVisible();

  // The code that set it up was used; a new one comes with the next half minute.
  const later = '2026-11-21T10:02:00Z';
  await world.server.moveTo(later);
  const phone = await world.browser();
  await phone.goto('/log-in');
  await enter(phone, email, PASSWORD);
  await expect(phone.getByText(`The password of ${email} is right. One step is left.`)).toBeVisible();
  const asked = phone.getByRole('textbox', { name: 'One-time code' });
  await expect(asked).toBeFocused();
  await asked.fill(right);
  await phone.getByRole('button', { name: 'Log in' }).click();
  await expect(phone.getByRole('alert')).toContainText('This one-time code is not right, or was used before.');
  await asked.fill(oneTimeCode(secret, later));
  await phone.getByRole('button', { name: 'Log in' }).click();
  await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Sensors');

  for (const works of [true, false]) {
    const lost = await world.browser();
    await lost.goto('/settings/profile');
    await enter(lost, email, PASSWORD);
    await lost.getByRole('textbox', { name: 'One-time code' }).fill(recovery);
    await lost.getByRole('button', { name: 'Log in' }).click();
    if (works) await expect(lost.getByText('9 recovery codes are left')).toBeVisible();
    else await expect(lost.getByRole('alert')).toContainText('This one-time code is not right');
  }
});

test('after twelve idle hours one logs in again and goes on where one was @one-engine', async ({ world }) => {
  const email = await world.user('administrator', 'ana');
  await world.key(1, 'P1Y');
  await world.sensor('282c02400001', 'Fridge 1');
  const page = await world.logIn(email, '/licenses?search=Fridge');
  await page.getByRole('button', { name: 'Add activation code' }).first().click();
  const field = page.getByRole('textbox', { name: 'Activation code' });
  await field.fill('7KQ2M');
  const other = await world.logIn(email, '/sensors?search=Fri');
  await expect(other.getByRole('link', { name: 'Fridge 1' })).toBeVisible();

  // Almost twelve hours are not idle enough.
  await world.server.moveTo('2026-11-21T21:59:00Z');
  await other.reload();
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('Sensors');

  // The other browser was used and stays; this one was not, and what was typed in it is still there.
  await world.server.moveTo('2026-11-21T22:01:00Z');
  await other.reload();
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('Sensors');
  const code = await world.code(1, 'P1Y');
  await field.fill(code);
  const again = page.getByRole('dialog', { name: 'Log in again' });
  await expect(again).toContainText(email);
  await again.getByRole('textbox', { name: 'Password' }).fill('not this password');
  await again.getByRole('button', { name: 'Log in' }).click();
  await expect(again.getByRole('alert')).toContainText('is not right');
  await again.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await again.getByRole('button', { name: 'Log in' }).click();
  await expect(again).toHaveCount(0);
  await expect(field).toHaveValue(code);
  await expect(page).toHaveURL(/\/licenses\?search=Fridge$/);

  // Who comes back by the address lands where it leads.
  await world.server.moveTo('2026-11-22T20:00:00Z');
  await other.reload();
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('Log in');
  await enter(other, email, PASSWORD);
  await expect(other.getByRole('link', { name: 'Fridge 1' })).toBeVisible();
  await expect(other).toHaveURL(/\/sensors\?search=Fri$/);
});
