// The License Manager with 100,000 sensors: only what is near the eye is in the page, and no request takes all.

import { expect, test, type World } from './support/test';
import type { Page } from '@playwright/test';

const SENSORS = 100_000;
const LIST = 10_000;
const ROWS_IN_PAGE = 60;

/** What one clicks, and what it sorts by. */
const COLUMNS = {
  Sensor: 'name',
  'Serial no.': 'serial',
  Activated: 'activation_date',
  'Expires at': 'expires_at',
  'Covered until': 'covered_until',
  Key: 'key',
  Auto: 'auto_renewal',
};

const serial = (place: number) => `282c${(0x0240_0000 + place).toString(16).padStart(8, '0')}`;
/** Names and terms that do not follow the order of adding. */
const name = (place: number) => `Store ${String((place * 7_919) % SENSORS).padStart(5, '0')}`;

async function seed(world: World): Promise<void> {
  for (let first = 0; first < SENSORS; first += LIST) {
    await world.key(LIST, first % (2 * LIST) ? 'P2Y' : 'P1Y');
    const sensors = Array.from({ length: LIST }, (_, place) => ({ serial: serial(first + place), name: name(first + place) }));
    await world.api('POST', '…/sensors/additions', { sensors, auto_renewal: first % (5 * LIST) !== 0 });
  }
}

const grid = (page: Page) => page.getByRole('grid', { name: 'Sensors and their licenses' });
const inPage = (page: Page) => grid(page).getByRole('row').count();

test('100,000 sensors are scrolled, sorted, searched and filtered @one-engine', async ({ world }) => {
  test.setTimeout(600_000);
  const email = await world.user('administrator');
  await seed(world);

  const page = await world.logIn(email, '/sensors/removed');
  const sizes: Promise<number>[] = [];
  page.on('response', (response) => {
    if (!response.url().includes('/sensors?')) return;
    sizes.push(response.json().then((body: { items: unknown[] }) => body.items.length, () => 0));
  });
  await page.goto('/licenses?sort=name');
  const first = grid(page).getByRole('row').nth(1);
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '100001');
  await expect(first).toContainText('Store 00000');
  expect(await inPage(page)).toBeLessThan(ROWS_IN_PAGE);

  // Far down, by the wheel as a person goes there: the pages come one after the other.
  await page.mouse.move(700, 500);
  await expect(async () => {
    await page.mouse.wheel(0, 20_000);
    const last = await grid(page).getByRole('row').last().getAttribute('aria-rowindex');
    expect(Number(last)).toBeGreaterThan(3000);
  }).toPass({ timeout: 180_000 });
  expect(await inPage(page)).toBeLessThan(ROWS_IN_PAGE);
  // What is shown there is whole and in order.
  const seen = await grid(page).locator('a[href^="/sensors/"]').allInnerTexts();
  expect(seen.length).toBeGreaterThan(5);
  expect(seen).toEqual([...seen].sort());

  // Every column, both ways.
  await page.goto('/licenses');
  for (const [label, sort] of Object.entries(COLUMNS)) {
    const header = grid(page).getByRole('columnheader').filter({ has: page.getByRole('button', { name: label, exact: true }) });
    for (const order of ['asc', 'desc']) {
      const answered = page.waitForResponse((response) => response.url().includes(`sort=${sort}&order=${order}`));
      await header.getByRole('button', { name: label, exact: true }).click();
      const { items } = (await (await answered).json()) as { items: { name: string }[] };
      await expect(header).toHaveAttribute('aria-sort', order === 'asc' ? 'ascending' : 'descending');
      await expect(first).toContainText(items[0]!.name);
      expect(await inPage(page), label).toBeLessThan(ROWS_IN_PAGE);
    }
  }
  await page.goto('/licenses?sort=name&order=desc');
  await expect(first).toContainText('Store 99999');
  await page.goto('/licenses?sort=serial');
  await expect(first).toContainText(serial(0).toUpperCase());
  await page.goto('/licenses?sort=serial&order=desc');
  await expect(first).toContainText(serial(SENSORS - 1).toUpperCase());
  await page.goto('/licenses?sort=auto_renewal');
  await expect(first.getByRole('switch')).not.toBeChecked();
  await page.goto('/licenses?sort=auto_renewal&order=desc');
  await expect(first.getByRole('switch')).toBeChecked();
  await page.goto('/licenses?sort=expires_at');
  await expect(first).toContainText('21 Nov 2027');
  await page.goto('/licenses?sort=expires_at&order=desc');
  await expect(first).toContainText('21 Nov 2028');

  // Search and filter.
  await page.goto('/licenses');
  await page.getByRole('searchbox').fill('Store 4711');
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '11');
  await page.getByRole('searchbox').fill(serial(77_777));
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '2');
  await expect(first).toContainText(name(77_777));
  await page.getByRole('searchbox').fill('');
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '100001');
  await page.getByRole('button', { name: /^Covered/ }).first().click();
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '100001');
  await page.getByRole('button', { name: /^Expiring/ }).click();
  await expect(page.getByRole('heading', { name: 'No sensor stands so' })).toBeVisible();

  // All that a search finds is picked at once, also what was never in the page.
  await page.goto('/licenses?search=Store+0');
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '10001');
  await first.getByRole('checkbox').click();
  await page.getByRole('button', { name: 'Select all 10,000' }).click();
  const bar = page.getByRole('region', { name: '10,000 sensors selected' });
  await expect(bar).toBeVisible();
  await bar.getByRole('button', { name: 'Export the selected sensors' }).click();
  await expect(page.getByRole('menuitem', { name: /CSV/ })).toHaveAttribute('href', /sensors\.csv\?search=Store(\+|%20)0/);
  await page.keyboard.press('Escape');
  // So many have no address of their own once one is missing.
  await first.getByRole('checkbox').click();
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await expect(page.getByText('The selected sensors can be exported up to 1,000 at once')).toBeVisible();

  const counts = await Promise.all(sizes);
  expect(counts.length).toBeGreaterThan(20);
  expect(Math.max(...counts)).toBeLessThanOrEqual(200);
});
