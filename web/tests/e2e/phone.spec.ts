// The same service on a small phone: everything can be done there, nothing scrolls sideways, and fingers hit what they aim at.

import { OPERATOR, OUTSIDE, furnish, inside } from './support/scene';
import { PASSWORD, expect, test } from './support/test';
import type { Locator, Page } from '@playwright/test';

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

/** Nothing of the screen or of the open dialog is wider than the phone. */
async function expectNothingSideways(page: Page, where: string): Promise<void> {
  await expect(page.locator('[aria-busy="true"]'), where).toHaveCount(0);
  const wide = await page.evaluate(() => {
    const place = document.scrollingElement!;
    const told = place.scrollWidth > place.clientWidth ? [`the page: ${place.scrollWidth} of ${place.clientWidth}`] : [];
    for (const dialog of document.querySelectorAll('dialog[open]')) {
      for (const part of [dialog, ...dialog.querySelectorAll('*')]) {
        if (part.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(part).overflowX !== 'auto') told.push(`${part.tagName}.${part.className}`);
      }
    }
    return told;
  });
  expect(wide, where).toEqual([]);
}

async function expectFingerSized(target: Locator, what: string): Promise<void> {
  await target.scrollIntoViewIfNeeded();
  const box = (await target.boundingBox())!;
  expect(Math.round(box.height), `height of ${what}`).toBeGreaterThanOrEqual(44);
  expect(Math.round(box.width), `width of ${what}`).toBeGreaterThanOrEqual(44);
}

const bottom = (page: Page) => page.getByRole('navigation', { name: 'Main' });

test('nothing scrolls sideways on any screen of a phone @one-engine', async ({ world }) => {
  test.setTimeout(120_000);
  const scene = await furnish(world);
  const everybody = [
    { page: await world.browser(PHONE), addresses: OUTSIDE },
    { page: await world.logIn(scene.administrator, '/', PHONE), addresses: inside(scene) },
    { page: await world.logIn(scene.operator, '/', PHONE), addresses: OPERATOR },
  ];
  for (const { page, addresses } of everybody) {
    for (const address of addresses) {
      await page.goto(address);
      await expect(page.getByRole('main').getByRole('heading').first(), address).toBeVisible();
      await expectNothingSideways(page, address);
    }
  }
});

test('on a phone: log in, add a code, a sensor and a license, and switch auto renewal @one-engine', async ({ world }) => {
  const { administrator: email } = await furnish(world);
  const code = await world.code(2, 'P1Y');
  const page = await world.browser(PHONE);
  await page.goto('/licenses');
  const logIn = page.getByRole('button', { name: 'Log in' });
  await expectFingerSized(logIn, 'Log in');
  await page.getByRole('textbox', { name: 'E-mail address' }).fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await logIn.tap();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('License Manager');
  for (const place of ['Sensors', 'Alerts', 'Licenses', 'Settings']) await expectFingerSized(bottom(page).getByRole('link', { name: place }), place);
  await expectFingerSized(page.getByRole('button', { name: 'Your account' }), 'Your account');

  const addCode = page.getByRole('button', { name: 'Add activation code' }).first();
  await expectFingerSized(addCode, 'Add activation code');
  await addCode.tap();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Activation code' }).fill(code);
  await expect(dialog).toContainText('2 licenses of 1 year');
  await expectNothingSideways(page, 'the dialog of a code');
  await expectFingerSized(dialog.getByRole('button', { name: 'Add licenses' }), 'Add licenses');
  await dialog.getByRole('button', { name: 'Add licenses' }).tap();
  await dialog.getByRole('button', { name: 'Done' }).tap();

  const card = page.getByRole('list', { name: 'Sensors and their licenses' }).getByRole('listitem').filter({ hasText: 'Freezer' });
  await expect(card).toContainText('will stop: auto renewal is off');
  const renewal = card.getByRole('switch', { name: 'Auto renewal of Freezer' });
  await expectFingerSized(renewal, 'the switch of auto renewal');
  await renewal.tap();
  await expect(renewal).toBeChecked();
  const add = card.getByRole('button', { name: 'Add a license to Freezer' });
  await expectFingerSized(add, '+');
  await add.tap();
  await expect(dialog).toContainText('Queued behind the last license');
  await expectNothingSideways(page, 'the dialog of a license');
  await dialog.getByRole('button', { name: 'Add license' }).tap();
  await expect(card).toContainText('then 2 years from 22 Dec 2026');

  await bottom(page).getByRole('link', { name: 'Sensors' }).tap();
  const addSensor = page.getByRole('button', { name: 'Add sensor' });
  await expectFingerSized(addSensor, 'Add sensor');
  await addSensor.tap();
  await dialog.getByRole('textbox', { name: 'Serial number' }).fill('282c02400009');
  await dialog.getByRole('textbox', { name: /^Name/ }).fill('Bakery');
  await expect(dialog).toContainText('It takes a license of');
  await expectNothingSideways(page, 'the dialog of a sensor');
  await dialog.getByRole('button', { name: 'Add sensor' }).tap();
  await page.getByRole('link', { name: 'Bakery' }).tap();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Bakery');
  await bottom(page).getByRole('link', { name: 'Alerts' }).tap();
  await expect(page.getByText('worst value 12.5 °C').first()).toBeVisible();
  await bottom(page).getByRole('link', { name: 'Settings' }).tap();
  const open = page.getByRole('link', { name: 'Open License Manager' });
  await expectFingerSized(open, 'Open');
  await open.tap();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('License Manager');
  await page.getByRole('button', { name: 'Your account' }).tap();
  await expectNothingSideways(page, 'the account menu');
  await expectFingerSized(page.getByRole('menuitem', { name: 'Log out' }), 'Log out');
  await page.getByRole('menuitem', { name: 'Log out' }).tap();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
});
