// Every screen and every main dialog, light and dark, and in every language, as far as axe can judge them.

import { OPERATOR, OUTSIDE, furnish, inside } from './support/scene';
import { PASSWORD, expect, expectAccessible, test } from './support/test';
import type { Page } from '@playwright/test';

const LOOKS = [
  { name: 'light', language: 'en', options: { colorScheme: 'light' } },
  { name: 'dark', language: 'en', options: { colorScheme: 'dark' } },
  { name: 'German', language: 'de', options: { locale: 'de-DE' } },
  { name: 'Polish', language: 'pl', options: { locale: 'pl-PL' } },
];
const STILL = { reducedMotion: 'reduce' };

/** Loaded, and with nothing on its way. */
async function settled(page: Page): Promise<void> {
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
}

async function speak(page: Page, language: string): Promise<void> {
  await page.evaluate(async (language) => {
    const headers = { 'Content-Type': 'application/json' };
    await fetch('/api/v1/me', { method: 'PATCH', headers, body: JSON.stringify({ language }) });
  }, language);
}

test('what is wrong is found @one-engine', async ({ world }) => {
  const page = await world.browser(STILL);
  await page.goto('/log-in');
  await settled(page);
  await page.evaluate(() => document.querySelector('main')!.insertAdjacentHTML('beforeend', '<img src="/favicon.svg"><p id="pale">Pale</p>'));
  await page.locator('#pale').evaluate((pale) => (pale.style.color = '#bbb'));
  await expect(expectAccessible(page)).rejects.toThrow(/color-contrast[^]*image-alt/);
});

for (const { name, language, options } of LOOKS) {
  test(`every screen, ${name} @one-engine`, async ({ world }) => {
    test.setTimeout(300_000);
    const scene = await furnish(world);
    const everybody = [
      { page: await world.browser({ ...STILL, ...options }), addresses: OUTSIDE },
      { page: await world.logIn(scene.administrator, '/', { ...STILL, ...options }), addresses: inside(scene) },
      { page: await world.logIn(scene.operator, '/', { ...STILL, ...options }), addresses: OPERATOR },
    ];
    for (const { page, addresses } of everybody) {
      if (addresses !== OUTSIDE) await speak(page, language);
      for (const address of addresses) {
        await test.step(address, async () => {
          await page.goto(address);
          await expect(page.locator('main').getByRole('heading').first()).toBeVisible();
          await expect(page.locator('html')).toHaveAttribute('lang', language);
          await settled(page);
          await expectAccessible(page);
        });
      }
    }
  });
}

/** Opens a dialog or a menu of the screen at this address. */
interface Opening {
  name: string;
  address: string;
  open: (page: Page) => Promise<void>;
}

const button = (page: Page, name: string | RegExp) => page.getByRole('main').getByRole('button', { name }).first().click();
async function choose(page: Page, menu: string | RegExp, item: string | RegExp): Promise<void> {
  await button(page, menu);
  await page.getByRole('menuitem', { name: item }).first().click();
}

const openings = (fridge: string): Opening[] => [
  { name: 'an activation code', address: '/licenses', open: (page) => button(page, 'Add activation code') },
  { name: 'a license', address: '/licenses', open: (page) => button(page, 'Add a license to Freezer') },
  { name: 'auto renewal off', address: '/licenses', open: (page) => page.getByRole('switch', { name: /^Auto renewal of Walk-in/ }).click() },
  { name: 'a license taken back', address: '/licenses', open: (page) => choose(page, /^More for Walk-in/, /^Take back/) },
  {
    name: 'licenses for many',
    address: '/licenses',
    open: async (page) => {
      await page.getByRole('checkbox', { name: 'Select Freezer' }).click();
      await page.getByRole('button', { name: 'Add licenses' }).click();
    },
  },
  { name: 'a code that is thought of', address: '/licenses/forecast', open: (page) => choose(page, 'Add a step', 'Add an activation code') },
  { name: 'auto renewal that is thought of', address: '/licenses/forecast', open: (page) => choose(page, 'Add a step', 'Switch auto renewal on') },
  { name: 'a common date', address: '/licenses/forecast', open: (page) => button(page, 'Common date …') },
  { name: 'a sensor', address: '/sensors', open: (page) => button(page, 'Add sensor') },
  {
    name: 'a list of sensors',
    address: '/sensors',
    open: async (page) => {
      await button(page, 'Add sensor');
      await page.getByRole('dialog').getByRole('button', { name: 'A list' }).click();
    },
  },
  { name: 'a sensor replaced', address: `/sensors/${fridge}`, open: (page) => choose(page, 'More', 'Replace') },
  { name: 'a sensor removed', address: `/sensors/${fridge}`, open: (page) => choose(page, 'More', 'Remove') },
  { name: 'a sensor brought back', address: '/sensors/removed', open: (page) => choose(page, 'More: Old freezer', 'Bring back') },
  { name: 'a history erased', address: '/sensors/removed', open: (page) => choose(page, 'More: Old freezer', 'Erase history') },
  { name: 'a rule', address: '/alerts/rules', open: (page) => button(page, 'Add rule') },
  { name: 'a rule removed', address: '/alerts/rules', open: (page) => choose(page, 'More: Too warm', 'Remove') },
  { name: 'an invitation', address: '/settings/users', open: (page) => button(page, 'Invite') },
  { name: 'a role', address: '/settings/users', open: (page) => choose(page, /^What to do with Otto/, 'Change the role') },
  { name: 'a user removed', address: '/settings/users', open: (page) => choose(page, /^What to do with Otto/, 'Remove') },
  { name: 'an API token', address: '/settings/tokens', open: (page) => button(page, 'Make a token') },
  { name: 'a token revoked', address: '/settings/tokens', open: (page) => button(page, 'Revoke Scene') },
  { name: 'a webhook', address: '/settings/webhooks', open: (page) => button(page, 'Add a webhook') },
  { name: 'an address for a calendar', address: '/settings/profile', open: (page) => button(page, 'Make an address') },
  { name: 'a device token', address: '/settings/organization', open: (page) => button(page, 'Set a device token') },
  {
    name: 'one-time codes',
    address: '/settings/profile',
    open: async (page) => {
      await button(page, 'Set up one-time codes');
      await page.getByRole('dialog').getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
      await page.getByRole('dialog').getByRole('button', { name: 'Next' }).click();
      await expect(page.getByRole('img', { name: 'QR code for the authenticator app' })).toBeVisible();
    },
  },
];

const operatorOpenings: Opening[] = [
  { name: 'a code issued', address: '/operator/codes', open: (page) => button(page, 'Issue a code') },
  { name: 'a code revoked', address: '/operator/codes', open: (page) => button(page, /^Revoke/) },
  { name: 'an organization', address: '/operator/organizations', open: (page) => button(page, 'Create an organization') },
  { name: 'a serial number', address: '/operator/organizations', open: (page) => button(page, 'Free a serial number') },
];

for (const colorScheme of ['light', 'dark']) {
  test(`every main dialog, ${colorScheme} @one-engine`, async ({ world }) => {
    test.setTimeout(300_000);
    const scene = await furnish(world);
    for (const [email, all] of [[scene.administrator, openings(scene.fridge)], [scene.operator, operatorOpenings]] as const) {
      const page = await world.logIn(email, '/', { ...STILL, colorScheme });
      for (const { name, address, open } of all) {
        await test.step(name, async () => {
          await page.goto(address);
          await settled(page);
          await open(page);
          await expect(page.getByRole('dialog')).toBeVisible();
          await settled(page);
          await expectAccessible(page);
        });
      }
      await page.goto('/');
      await page.getByRole('button', { name: 'Your account' }).click();
      await expect(page.getByRole('menu')).toBeVisible();
      await expectAccessible(page);
    }
  });
}
