// What a Manager of several organizations with long names and many sensors needs: nothing is cut, nothing jumps, all dates are told.

import { expect, PASSWORD, START, test, type World } from './support/test';
import type { Page } from '@playwright/test';

const LONG = 'Northwind Foods Cold Storage and Distribution Cooperative of the Northern Ports';

/** Makes somebody a Manager of one more organization. */
async function joinAnother(world: World, email: string): Promise<void> {
  const { http } = world.server;
  const call = async (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> => {
    const response = await fetch(`${http}/api/v1${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json', Origin: http, ...headers }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const made = await call('/sign-up', { email: 'tom@quay.example', password: PASSWORD, organization_name: 'Quay', time_zone: 'Asia/Tokyo' });
  const Cookie = made.headers.getSetCookie()[0]!.split(';')[0]!;
  const { organizations } = (await made.json()) as { organizations: { id: string }[] };
  const invited = await call(`/organizations/${organizations[0]!.id}/invitations`, { email, role: 'manager' }, { Cookie });
  const { link } = (await invited.json()) as { link: string };
  await call('/invitations/acceptance', { token: link.slice(link.indexOf('#') + 1), password: PASSWORD });
}

/** The name is there in full, and lies over neither the brand nor the account. */
async function expectWhole(page: Page): Promise<void> {
  const header = page.locator('header').filter({ visible: true });
  const name = header.getByText(LONG);
  await expect(name).toBeVisible();
  const cut = await name.evaluate((element) => element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight + 1);
  expect(cut, 'the name is cut').toBe(false);
  const box = (await name.boundingBox())!;
  const others = [header.getByRole('link', { name: 'Tenure' }), header.getByRole('button', { name: 'Your account' })];
  for (const other of await Promise.all(others.map((other) => other.boundingBox()))) {
    const apart = box.x >= other!.x + other!.width || other!.x >= box.x + box.width || box.y >= other!.y + other!.height || other!.y >= box.y + box.height;
    expect(apart, `${JSON.stringify(box)} lies over ${JSON.stringify(other)}`).toBe(true);
  }
  expect(await page.evaluate(() => document.scrollingElement!.scrollWidth <= innerWidth)).toBe(true);
}

/** Holds these answers back until they are let go. */
async function hold(page: Page, answers: string): Promise<() => Promise<void>> {
  let go = (): void => undefined;
  const held = new Promise<void>((done) => (go = done));
  await page.route(answers, async (route) => {
    await held;
    await route.continue();
  });
  return async () => {
    go();
    await page.unrouteAll({ behavior: 'wait' });
  };
}

test('a long name of an organization is there in full, on a desk and on a phone @one-engine', async ({ world }) => {
  const email = await world.user('administrator', 'ana');
  await world.api('PATCH', '…', { name: LONG });
  const pages = [await world.logIn(email, '/licenses'), await world.logIn(email, '/licenses', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })];
  for (const page of pages) await expectWhole(page);
  // Who is in several has a menu there.
  await joinAnother(world, email);
  for (const page of pages) {
    await page.reload();
    await page.getByRole('button', { name: 'Switch organization' }).filter({ visible: true }).click();
    await page.getByRole('menuitemradio', { name: LONG }).click();
    await expectWhole(page);
  }
});

test('a year of purchases is told date by date, and nothing jumps while it is loaded again @one-engine', async ({ world }) => {
  const email = await world.user('manager');
  for (const [place, term] of ['P30D', 'P60D', 'P90D', 'P120D', 'P150D'].entries()) {
    await world.key(1, term);
    await world.sensor(`282c0240000${place}`, `Fridge ${place}`);
  }
  const page = await world.logIn(email, '/licenses/forecast?period=6m&term=P1Y', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  await expect(page.getByText('1 license by 21 December 2026, 1 more by 20 January 2027 and 3 more until 20 April 2027')).toBeVisible();
  const period = page.getByRole('group', { name: 'How far ahead' });
  const { y: there } = (await period.boundingBox())!;
  await page.getByRole('button', { name: 'All 5 dates' }).click();
  await expect(page.getByRole('list', { name: 'What to buy, by date' }).getByRole('listitem')).toHaveText([
    'By 21 December 2026: 1 license; 1 in all',
    'By 20 January 2027: 1 license; 2 in all',
    'By 19 February 2027: 1 license; 3 in all',
    'By 21 March 2027: 1 license; 4 in all',
    'By 20 April 2027: 1 license; 5 in all',
  ]);

  const answer = await hold(page, '**/api/**/forecast?**');
  await page.reload();
  await expect(period).toBeVisible();
  expect((await period.boundingBox())!.y).toBe(there);
  await answer();
  await expect(page.getByText('1 license by 21 December 2026')).toBeVisible();
  expect((await period.boundingBox())!.y).toBe(there);
});

/** What has moved without having been asked to, from now on, by how much of the window. */
async function watchJumps(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const jumps: string[] = [];
    Object.assign(window, { jumps });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean; sources: { node: Node | null }[] })[]) {
        const moved = entry.sources.map(({ node }) => (node instanceof Element ? `${node.tagName}.${node.className}` : node?.textContent));
        if (!entry.hadRecentInput && entry.value > 0.005) jumps.push(`${entry.value.toFixed(3)}: ${moved.join(', ')}`);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  return () =>
    page.evaluate(
      () => new Promise<string[]>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done((window as unknown as { jumps: string[] }).jumps)))),
    );
}

test('on the first visit nothing jumps, however late the answers come @one-engine', async ({ world }) => {
  const email = await world.user('manager');
  await world.key(2, 'P30D');
  const silent = await world.sensor('282c02400001', 'Fridge');
  const heard = await world.sensor('282c02400002', 'Freezer', { auto_renewal: false });
  await world.send('282c02400002', ['--at', START, '--value', 'temperature=-18']);
  for (const viewport of [undefined, { width: 390, height: 844 }]) {
    const page = await world.logIn(email, '/settings', viewport ? { viewport, isMobile: true, hasTouch: true } : {});
    const jumps = await watchJumps(page);
    const answerAhead = await hold(page, '**/api/**/ahead*');
    await page.goto('/licenses');
    await expect(page.getByText('Freezer').first()).toBeAttached();
    await answerAhead();
    await expect(page.getByText('Freezer').filter({ visible: true }).first()).toBeVisible();
    expect(await jumps(), 'the License Manager').toEqual([]);
    for (const sensor of [silent, heard]) {
      const answer = await hold(page, '**/api/**/measurements*');
      await page.goto(`/sensors/${sensor}`);
      await expect(page.getByRole('heading', { name: 'Measurements' })).toBeVisible();
      await answer();
      await expect(sensor === silent ? page.getByText('No measurements in this time') : page.getByRole('slider')).toBeVisible();
      expect(await jumps(), sensor === silent ? 'a sensor without values' : 'a sensor').toEqual([]);
    }
  }
});
