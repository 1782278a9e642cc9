// `make screenshots`: a picture of every screen of the demo, light and dark, wide and narrow, in target/screenshots.

import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';

import { test, type Browser, type Page } from '@playwright/test';

import { Lines } from './support/server';

const root = resolve(import.meta.dirname, '../../..');
const folder = resolve(root, 'target/screenshots');
const binary = process.env.TENURE_TEST_BINARY ?? resolve(root, 'target/debug/tenure');

const SIZES = { wide: { width: 1360, height: 900 }, narrow: { width: 390, height: 844 } };
const SCHEMES = ['light', 'dark'] as const;

interface Demo {
  http: string;
  password: string;
  stop(): void;
}

async function startDemo(): Promise<Demo> {
  const environment = { PATH: process.env.PATH, TENURE_HTTP_ADDRESS: '127.0.0.1:0', TENURE_COAP_ADDRESS: '127.0.0.1:0', RUST_LOG: 'warn' };
  const child = spawn(binary, ['demo'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = new Lines(child.stdout);
  const http = (await lines.find((line) => line.includes('http://'))).match(/http:\/\/[\d.:]+/)![0];
  const password = (await lines.find((line) => line.includes('Password'))).trim().split(/\s+/)[1]!;
  return { http, password, stop: () => child.kill('SIGKILL') };
}

/** A screen: its name, who looks at it, its address, and what is done there before the picture. */
interface Shot {
  name: string;
  who?: string;
  path: string;
  then?: (page: Page) => Promise<unknown>;
}

const ANA = 'ana@harbor.example';
const LENA = 'lena@harbor.example';
const OPERATOR = 'operator@vendor.example';

const firstSensor = async (page: Page) => {
  await page.locator('main a[href^="/sensors/sen_"]').first().click();
  await page.locator('main canvas, main svg').first().waitFor();
};

const SHOTS: Shot[] = [
  { name: 'log-in', path: '/log-in' },
  { name: 'sign-up', path: '/sign-up' },
  { name: 'forgot', path: '/forgot' },
  { name: 'unsubscribe', path: '/unsubscribe#x' },
  { name: 'sensors', who: ANA, path: '/sensors' },
  { name: 'sensors-analyst', who: LENA, path: '/sensors' },
  { name: 'sensor', who: ANA, path: '/sensors', then: firstSensor },
  { name: 'expired-sensor', who: ANA, path: '/sensors?standing=expired', then: firstSensor },
  { name: 'sensors-removed', who: ANA, path: '/sensors/removed' },
  { name: 'alerts', who: ANA, path: '/alerts' },
  { name: 'alert-rules', who: ANA, path: '/alerts/rules' },
  { name: 'licenses', who: ANA, path: '/licenses' },
  { name: 'licenses-expiring', who: ANA, path: '/licenses?standing=expiring' },
  {
    name: 'licenses-add-code',
    who: ANA,
    path: '/licenses',
    then: (page) => page.getByRole('button', { name: 'Add activation code' }).first().click(),
  },
  {
    name: 'licenses-add-license',
    who: ANA,
    path: '/licenses',
    then: (page) => page.getByRole('button', { name: /^Add a license to/ }).first().click(),
  },
  { name: 'license-keys', who: ANA, path: '/licenses/keys' },
  {
    name: 'license-key',
    who: ANA,
    path: '/licenses/keys',
    then: async (page) => {
      await page.locator('main a[href^="/licenses/keys/cod_"]').first().click();
      await page.locator('main details').first().waitFor();
    },
  },
  { name: 'forecast', who: ANA, path: '/licenses/forecast' },
  { name: 'forecast-what-if', who: ANA, path: '/licenses/forecast?figures=1&if=redeem.5.P2Y' },
  {
    name: 'common-date',
    who: ANA,
    path: '/licenses/forecast',
    then: async (page) => {
      await page.getByRole('button', { name: 'Common date …' }).click();
      for (const heading of ['Date', 'Preview']) {
        await page.getByRole('dialog').getByRole('button', { name: 'Next' }).click();
        await page.getByRole('status').filter({ hasText: heading }).waitFor({ state: 'attached' });
        await test.expect(page.locator('dialog [aria-busy="true"]')).toHaveCount(0);
      }
    },
  },
  { name: 'settings', who: ANA, path: '/settings' },
  { name: 'settings-organization', who: ANA, path: '/settings/organization' },
  { name: 'settings-notifications', who: ANA, path: '/settings/notifications' },
  { name: 'settings-users', who: ANA, path: '/settings/users' },
  { name: 'settings-tokens', who: ANA, path: '/settings/tokens' },
  { name: 'settings-webhooks', who: ANA, path: '/settings/webhooks' },
  { name: 'settings-webhooks-add', who: ANA, path: '/settings/webhooks', then: (page) => page.getByRole('button', { name: 'Add a webhook' }).first().click() },
  { name: 'settings-audit', who: ANA, path: '/settings/audit' },
  { name: 'profile', who: ANA, path: '/settings/profile' },
  { name: 'profile-calendar', who: ANA, path: '/settings/profile', then: (page) => page.getByRole('button', { name: 'Make an address' }).scrollIntoViewIfNeeded() },
  { name: 'welcome', who: ANA, path: '/welcome' },
  { name: 'welcome-code', who: ANA, path: '/welcome/code' },
  { name: 'welcome-sensors', who: ANA, path: '/welcome/sensors' },
  { name: 'welcome-done', who: ANA, path: '/welcome/done' },
  { name: 'operator-codes', who: OPERATOR, path: '/operator/codes' },
  { name: 'operator-organizations', who: OPERATOR, path: '/operator/organizations' },
];

async function page(browser: Browser, demo: Demo, options: object, who?: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: demo.http, locale: 'en-GB', timezoneId: 'Europe/Lisbon', ...options });
  const page = await context.newPage();
  await page.goto('/log-in');
  if (who) {
    const status = await page.evaluate(
      async ([email, password]) => {
        const body = JSON.stringify({ email, password });
        return (await fetch('/api/v1/sessions', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).status;
      },
      [who, demo.password] as const,
    );
    test.expect(status).toBe(201);
  }
  return page;
}

test('@screenshots of every screen', async ({ browser }) => {
  test.setTimeout(900_000);
  await mkdir(folder, { recursive: true });
  const demo = await startDemo();
  try {
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of SCHEMES) {
        for (const who of [undefined, ANA, LENA, OPERATOR]) {
          const look = await page(browser, demo, { viewport, colorScheme, isMobile: size === 'narrow', hasTouch: size === 'narrow' }, who);
          for (const shot of SHOTS.filter((shot) => shot.who === who)) {
            await look.goto(shot.path);
            await look.getByRole('heading', { level: 1 }).first().waitFor();
            // What is loading has a skeleton, which is marked as busy.
            await test.expect(look.locator('[aria-busy="true"]')).toHaveCount(0);
            await shot.then?.(look);
            await look.waitForLoadState('networkidle');
            await look.screenshot({ path: resolve(folder, `${shot.name}-${size}-${colorScheme}.png`), animations: 'disabled' });
          }
          await look.context().close();
        }
      }
    }
  } finally {
    demo.stop();
  }
});
