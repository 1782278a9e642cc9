// The reference of the API: whole, from this host alone, for keyboard and screen reader.

import { expect, expectAccessible, test } from './support/test';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

test('the reference lists every operation, and asks no other host @one-engine', async ({ world }) => {
  // The rules of accessibility are tried on all operations at once.
  test.slow();
  const page = await world.browser();
  const asked: string[] = [];
  const refused: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => message.text().includes('Content Security Policy') && refused.push(message.text()));
  const response = await page.goto('/docs');
  expect(response!.headers()['content-security-policy']).not.toContain('unsafe');
  const document = await (await fetch(`${world.server.http}/openapi.json`)).json();
  const wanted = Object.entries<object>(document.paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => METHODS.includes(method))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  await expect(page.getByRole('article')).toHaveCount(wanted.length);
  const shown = await page.locator('article .route').allTextContents();
  expect(shown.map((text) => text.replace(/\s+/g, ' ').trim()).sort()).toEqual(wanted.sort());
  expect(asked.filter((url) => !url.startsWith(world.server.http) && !url.startsWith('data:'))).toEqual([]);
  expect(refused).toEqual([]);
  await expectAccessible(page);
});

test('an operation is found by words, opened by keyboard, and has an address @one-engine', async ({ world }) => {
  const page = await world.browser({ colorScheme: 'dark' });
  await page.goto('/docs');
  const search = page.getByRole('searchbox', { name: 'Search the API' });
  // A key that is pressed before the page is there is lost.
  await expect(page.getByRole('article').first()).toBeVisible();
  await page.keyboard.press('/');
  await expect(search).toBeFocused();
  await page.keyboard.type('sensors replacement');
  const operation = page.getByRole('article', { name: 'Replace a sensor' });
  await expect(operation).toBeVisible();
  await expect(page.getByRole('article')).toHaveCount(1);
  const answer = operation.locator('summary').first();
  await answer.focus();
  await page.keyboard.press('Enter');
  await expect(operation.getByText('expires_on', { exact: true }).last()).toBeVisible();
  await expectAccessible(page);

  await page.goto('/docs#list_sensors');
  await expect(page.getByRole('heading', { name: 'List sensors', exact: true })).toBeInViewport();
});
