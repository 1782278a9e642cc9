// A test's world: a server at a fixed instant, an organization with its people, and pages that are logged in.

import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';

import { Server, type Engine } from './server';

/** When every scenario begins: a Saturday, eleven o'clock in the organization's zone. */
export const START = '2026-11-21T10:00:00Z';
export const PASSWORD = 'correct horse battery';
export const ORGANIZATION = 'Northwind Foods';

export type Role = 'administrator' | 'manager' | 'analyst' | 'operator';

/** "ana" is called Ana. */
const named = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

export class World {
  organization = '';
  private token = '';

  constructor(
    readonly server: Server,
    private readonly contexts: (options?: object) => Promise<BrowserContext>,
  ) {}

  /**
   * A user with a password; the first one is an Administrator and makes the organization.
   *
   * All by way of the API: a command has a clock of its own, and an organization's time never goes back.
   */
  async user(role: Role, name: string = role): Promise<string> {
    const email = `${name}@northwind.example`;
    if (role === 'operator') {
      await this.server.command(['user', 'create', '--email', email, '--role', role, '--password-stdin'], PASSWORD);
      return email;
    }
    if (!this.organization) {
      if (role !== 'administrator') await this.user('administrator');
      else return this.signUp(email, name);
    }
    const { link } = await this.api<{ link: string }>('POST', '…/invitations', { email, role });
    const body = { token: link.slice(link.indexOf('#') + 1), password: PASSWORD, name: named(name), language: 'en' };
    await this.api('POST', '/api/v1/invitations/acceptance', body);
    return email;
  }

  private async signUp(email: string, name: string): Promise<string> {
    const headers = { 'Content-Type': 'application/json', Origin: this.server.http };
    const body = { email, password: PASSWORD, name: named(name), organization_name: ORGANIZATION, time_zone: 'Europe/Warsaw' };
    const made = await fetch(`${this.server.http}/api/v1/sign-up`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!made.ok) throw new Error(`sign-up: ${made.status} ${await made.text()}`);
    const session = (await made.json()) as { organizations: { id: string }[] };
    this.organization = session.organizations[0]!.id;
    const Cookie = made.headers.getSetCookie()[0]!.split(';')[0]!;
    const tokens = `${this.server.http}/api/v1/organizations/${this.organization}/tokens`;
    const token = await fetch(tokens, { method: 'POST', headers: { ...headers, Cookie }, body: '{"name":"Scene"}' });
    if (!token.ok) throw new Error(`token: ${token.status} ${await token.text()}`);
    this.token = ((await token.json()) as { token: string }).token;
    return email;
  }

  /** A code that nobody has redeemed. */
  async code(licenses: number, term: string): Promise<string> {
    const words = ['code', 'issue', '--licenses', String(licenses), '--term', term];
    return (await this.server.json<{ code: string }>(words)).code;
  }

  /** Calls the API as the first Administrator, to set a scene. */
  async api<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    if (!this.token) await this.user('administrator');
    const address = `${this.server.http}${path.replace('…', `/api/v1/organizations/${this.organization}`)}`;
    const response = await fetch(address, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** Redeems a new code of so many licenses. */
  async key(licenses: number, term: string): Promise<string> {
    return (await this.api<{ key: string }>('POST', '…/activation-codes', { code: await this.code(licenses, term) })).key;
  }

  /** Adds a sensor, which takes a license. */
  async sensor(serial: string, name: string, more: object = {}): Promise<string> {
    return (await this.api<{ id: string }>('POST', '…/sensors', { serial, name, ...more })).id;
  }

  /** Lets a sensor send one measurement. */
  async send(serial: string, words: string[] = []): Promise<void> {
    await this.server.command(['sensor', 'send', '--server', this.server.coap, '--serial', serial, ...words]);
  }

  /** A browser of somebody who is not logged in. */
  async browser(options: object = {}): Promise<Page> {
    const context = await this.contexts({ baseURL: this.server.http, ...options });
    const page = await context.newPage();
    page.on('pageerror', (error) => {
      throw error;
    });
    return page;
  }

  /** A browser of somebody who is logged in, at this address. */
  async logIn(email: string, address = '/', options: object = {}): Promise<Page> {
    const page = await this.browser(options);
    // In the page, so that the browser itself keeps the cookie.
    await page.goto('/log-in');
    const status = await page.evaluate(
      async ([email, password]) => {
        const body = JSON.stringify({ email, password });
        const headers = { 'Content-Type': 'application/json' };
        return (await fetch('/api/v1/sessions', { method: 'POST', headers, body })).status;
      },
      [email, PASSWORD] as const,
    );
    expect(status).toBe(201);
    await page.goto(address);
    return page;
  }
}

export const test = base.extend<{ world: World; settings: Record<string, string> }>({
  settings: [{}, { option: true }],
  world: async ({ browser, settings }, use, info) => {
    const engine = info.project.metadata.engine as Engine;
    const server = await Server.start(engine, START, settings);
    const { locale, timezoneId, viewport, colorScheme } = info.project.use;
    const contexts: BrowserContext[] = [];
    const open = async (options: object = {}) => {
      const context = await browser.newContext({ locale, timezoneId, viewport, colorScheme, ...options });
      contexts.push(context);
      return context;
    };
    await use(new World(server, open));
    if (info.status !== info.expectedStatus) {
      for (const page of contexts.flatMap((context) => context.pages())) {
        await info.attach('page', { body: await page.screenshot(), contentType: 'image/png' });
      }
    }
    await Promise.all(contexts.map((context) => context.close()));
    await server.stop();
  },
});

/** WCAG 2.2 AA, as far as axe can see. */
export async function expectAccessible(page: Page): Promise<void> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  // No page has a frame; without them axe need not open a window for each look, and half the time is saved.
  expect(page.frames()).toHaveLength(1);
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ runOnly: tags, resultTypes: ['violations'] });
  const { violations } = await axe.analyze();
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join('\n  ')}`);
  expect(told.join('\n')).toBe('');
}

export { expect };
