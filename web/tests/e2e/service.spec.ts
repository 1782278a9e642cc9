import { gzipSync } from 'node:zlib';

import { expect, test } from './support/test';

test('the page has a strict policy, and asks no other host @one-engine', async ({ world }) => {
  const page = await world.browser();
  const asked: string[] = [];
  const refused: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => message.text().includes('Content Security Policy') && refused.push(message.text()));
  const response = await page.goto('/');
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  const policy = response!.headers()['content-security-policy'];
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  expect(asked.filter((url) => !url.startsWith(world.server.http) && !url.startsWith('data:'))).toEqual([]);
  expect(refused).toEqual([]);
});

test('the first view is small @one-engine', async ({ world }) => {
  const page = await world.browser();
  const bodies: Promise<number>[] = [];
  page.on('response', (response) => bodies.push(response.body().then((body) => gzipSync(body).length, () => 0)));
  await page.goto('/');
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  const bytes = (await Promise.all(bodies)).reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(200_000);
});

test('what is compressed and kept, and what is no page @one-engine', async ({ world }) => {
  const page = await fetch(`${world.server.http}/sensors`, { headers: { Accept: 'text/html' } });
  expect(page.status).toBe(200);
  expect(page.headers.get('content-encoding')).toBe('gzip');
  expect(page.headers.get('cache-control')).toBe('no-cache');
  const html = await page.text();
  const again = await fetch(page.url, { headers: { Accept: 'text/html', 'If-None-Match': page.headers.get('etag')! } });
  expect(again.status).toBe(304);
  const script = /src="(\/assets\/[^"]+)"/.exec(html)![1];
  const asset = await fetch(`${world.server.http}${script}`);
  expect(asset.headers.get('cache-control')).toContain('immutable');
  expect(asset.headers.get('content-type')).toContain('javascript');
  for (const path of ['/api/v1/nothing', '/assets/gone.js']) {
    const missing = await fetch(`${world.server.http}${path}`, { headers: { Accept: 'text/html' } });
    expect(missing.status, path).toBe(404);
    expect(missing.headers.get('content-type'), path).toContain('problem+json');
  }
});
