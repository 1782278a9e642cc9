import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { ComingMail, Outlook } from '../../src/api/notices';
import { speak } from '../../src/lib/i18n.svelte';
import { missing, nextMail, poolSays, says } from '../../src/lib/outlook';

const ZONE = 'Europe/Warsaw';
const MONTH: ComingMail = {
  kind: 'month_before',
  at: '2028-11-21T07:00:00Z',
  sensors: 3,
  first_expires_on: '2028-12-21',
  last_expires_on: '2028-12-21',
  renews: 2,
  no_license: 1,
  stops: 0,
};
const outlook = (next: ComingMail[], more: Partial<Outlook> = {}): Outlook => ({
  mail_by_smtp: true,
  recipients: 2,
  last_run_at: null,
  next_run_at: '2026-11-22T07:00:00Z',
  next,
  pool_low: { low: false, needed: 3, licenses_left: 5, until: '2027-01-20', days: 60 },
  ...more,
});
/** Sentences whose spaces are those one types. */
const plain = (text: string | undefined): string | undefined => text?.replace(/\s/g, ' ');

// As much of a browser as the modules look at when they are loaded.
vi.hoisted(() => {
  const nothing = (): null => null;
  const place = { pathname: '/', search: '', hash: '', origin: '' };
  const given = {
    navigator: { onLine: true, languages: [] },
    addEventListener: nothing,
    localStorage: { setItem: nothing, getItem: nothing },
    document: { documentElement: {}, addEventListener: nothing, hidden: true },
    location: place,
    history: {},
  };
  for (const [name, value] of Object.entries(given)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
});

describe('in English', () => {
  beforeAll(() => speak('en'));

  test('the next mail is told with its time, to whom it goes and what it says', () => {
    expect(plain(nextMail(outlook([MONTH]), ZONE))).toBe(
      'Next mail: 21 November 2028, 08:00, to 2 people: 3 sensors expire on 21 December 2028; 1 finds no license, 2 are renewed by themselves.',
    );
    expect(nextMail(outlook([]), ZONE)).toBeUndefined();
  });

  test('without a mail server it is told where the mail goes', () => {
    expect(nextMail(outlook([MONTH], { mail_by_smtp: false }), ZONE)).toContain('into the folder of the service');
  });

  test('one sensor is spoken of alone, and all of them together', () => {
    expect(says({ ...MONTH, sensors: 1, renews: 0, no_license: 0, stops: 1 }, ZONE)).toBe('1 sensor expires on 21 December 2028; its auto renewal is off');
    expect(says({ ...MONTH, renews: 3, no_license: 0 }, ZONE)).toContain('; all of them are renewed by themselves');
    expect(says({ ...MONTH, renews: 0, no_license: 3 }, ZONE)).toContain('; none of them finds a license');
  });

  test('a mail of the last day, of several days, and of what has stopped already', () => {
    const day: ComingMail = { ...MONTH, kind: 'expiration_day', at: '2028-12-21T07:00:00Z' };
    expect(says(day, ZONE)).toMatch(/^3 sensors expire on that day;/);
    expect(says({ ...MONTH, last_expires_on: '2028-12-22' }, ZONE)).toMatch(/^3 sensors expire from 21 December 2028 to 22 December 2028;/);
    expect(says({ ...day, first_expires_on: '2028-12-20', last_expires_on: '2028-12-20' }, ZONE)).toMatch(/^3 sensors have stopped, expired on 20 December 2028;/);
  });

  test('what the pool lacks, and until when', () => {
    expect(missing(outlook([]))).toBeUndefined();
    const low = outlook([], { pool_low: { low: true, needed: 12, licenses_left: 4, until: '2027-01-20', days: 60 } });
    expect(missing(low)).toEqual({ count: 8, until: '2027-01-20' });
    expect(poolSays(low)).toBe('The renewals until 20 January 2027 need 12 licenses, but only 4 are left.');
    expect(poolSays(outlook([]))).toBe('The renewals until 20 January 2027 need 3 licenses, and 5 are left.');
  });
});

test('Polish has a form for each number', async () => {
  await speak('pl');
  const of = (sensors: number): string => says({ ...MONTH, sensors, renews: sensors - 1 }, ZONE);
  expect(of(1)).toBe('1 czujnikowi kończy się licencja 21 grudnia 2028; zabraknie dla niego licencji');
  expect(of(3)).toBe('3 czujnikom kończy się licencja 21 grudnia 2028; dla 1 zabraknie licencji, 2 odnowią się automatycznie');
  expect(of(6)).toBe('6 czujnikom kończy się licencja 21 grudnia 2028; dla 1 zabraknie licencji, 5 odnowi się automatycznie');
});

test('German, too', async () => {
  await speak('de');
  expect(plain(nextMail(outlook([MONTH]), ZONE))).toBe(
    'Nächste E-Mail: 21. November 2028, 08:00, an 2 Personen: 3 Sensoren laufen am 21. Dezember 2028 ab; für 1 ist keine Lizenz frei, 2 werden automatisch verlängert.',
  );
});
