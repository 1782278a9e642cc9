import { defineConfig } from '@playwright/test';

// Every test has a server and a database of its own, so they run beside each other and in any order.
export default defineConfig({
  testDir: 'tests/e2e',
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    locale: 'en-GB',
    timezoneId: 'Europe/Warsaw',
    viewport: { width: 1360, height: 900 },
    colorScheme: 'light',
    actionTimeout: 10_000,
    navigationTimeout: 15_000,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.TENURE_TEST_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'sqlite', grepInvert: /@screenshots/, metadata: { engine: 'sqlite' } },
    { name: 'postgres', grepInvert: /@screenshots|@one-engine/, metadata: { engine: 'postgres' } },
    { name: 'screenshots', grep: /@screenshots/, metadata: { engine: 'sqlite' } },
  ],
});
