import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Forecast, Month, Step } from '../../src/api/forecast';
import { speak } from '../../src/lib/i18n.svelte';
import { dayNumber } from '../../src/lib/dates';
import { segmentsOfEnding, takes } from '../../src/screens/forecast/endings';
import { axisOf, columnsOf, daysOf, heightsOf, monthName, total } from '../../src/screens/forecast/months';
import { isDate, monthsLater, spanOf } from '../../src/screens/forecast/period';
import { says } from '../../src/screens/forecast/says';
import { decode, encode, keep, KEPT, kept } from '../../src/screens/forecast/steps';

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

const plain = (text: string | undefined): string | undefined => text?.replace(/\s/g, ' ');
const month = (name: string, more: Partial<Month> = {}): Month => {
  const { renewals = 0, goes_without = 0, stops = 0 } = more;
  return { month: name, expirations: renewals + goes_without + stops, renewals, queue_starts: 0, goes_without, stops, licenses_left: 0, covered: 10, ...more };
};
const forecast = (more: Partial<Forecast>): Forecast => ({
  from: '2026-11-21',
  until: '2027-11-21',
  term: 'P2Y',
  licenses_left: 0,
  covered: 10,
  waiting: 0,
  renewed_now: 0,
  months: [month('2026-12', { goes_without: 3 }), month('2027-03', { goes_without: 8 })],
  days: [],
  to_buy: [],
  lapses: { count: 0, first_on: null },
  compared: null,
  ...more,
});
const buy = (...groups: [by: string, licenses: number][]): Forecast['to_buy'] => {
  let cumulative = 0;
  return groups.map(([by, licenses]) => ({ by, licenses, term: 'P2Y', cumulative: (cumulative += licenses) }));
};

describe('what to buy, in a sentence', () => {
  beforeAll(() => speak('en'));

  test('each purchase with its date', () => {
    const told = says(forecast({ to_buy: buy(['2026-12-21', 3], ['2027-03-31', 8]) }));
    expect(plain(told.first)).toBe('3 licenses by 21 December 2026 and 8 more by 31 March 2027 keep every sensor covered until 21 November 2027.');
    expect(told.tone).toBe('warn');
    expect(told.more).toBeUndefined();
  });

  test('one license keeps, several keep', () => {
    expect(says(forecast({ to_buy: buy(['2026-12-21', 1]) })).first).toMatch(/^1 license by .* keeps every/);
  });

  test('those that wait already need theirs now', () => {
    const told = says(forecast({ waiting: 2, to_buy: buy(['2026-11-21', 2], ['2026-12-21', 3]) }));
    expect(told.first).toMatch(/^2 licenses now and 3 more by 21 December 2026/);
    expect(told.more).toBe('2 sensors have expired and wait for a license.');
  });

  test('of many purchases the last are told together', () => {
    const told = says(forecast({ to_buy: buy(['2026-12-21', 3], ['2027-01-31', 8], ['2027-03-31', 2], ['2027-06-30', 5]) }));
    expect(told.first).toMatch(/^3 licenses by 21 December 2026, 8 more by 31 January 2027 and 7 more until 30 June 2027 keep/);
  });

  test('who stops is not covered by buying', () => {
    const told = says(forecast({ months: [month('2027-01', { goes_without: 1, stops: 2 })], to_buy: buy(['2027-01-05', 1]) }));
    expect(told.first).toContain('keeps every sensor with auto renewal covered');
    expect(told.more).toBe('2 sensors stop, because auto renewal is off.');
  });

  test('nothing to buy, for there is enough, or because nothing ends', () => {
    const enough = says(forecast({ months: [month('2027-01', { renewals: 2 })] }));
    expect(enough).toEqual({ tone: 'ok', first: 'Nothing to buy: the licenses at hand keep every sensor covered until 21 November 2027.', more: undefined });
    expect(says(forecast({ months: [month('2027-01')] })).first).toBe('Nothing to buy: no sensor’s cover ends before 21 November 2027.');
    expect(says(forecast({ months: [month('2027-01', { stops: 1 })] })).tone).toBe('warn');
  });
});

describe('in other languages', () => {
  const to_buy = buy(['2026-12-21', 3], ['2027-03-31', 8]);

  test('Polish has a form for each number', async () => {
    await speak('pl');
    expect(plain(says(forecast({ to_buy })).first)).toBe(
      '3 licencje do 21 grudnia 2026 i 8 kolejnych do 31 marca 2027 wystarczy, aby wszystkie czujniki miały licencję do 21 listopada 2027.',
    );
    await speak('en');
  });

  test('German, too', async () => {
    await speak('de');
    expect(plain(says(forecast({ to_buy })).first)).toBe(
      '3 Lizenzen bis 21. Dezember 2026 und 8 weitere bis 31. März 2027 halten alle Sensoren bis 21. November 2027 lizenziert.',
    );
    await speak('en');
  });
});

describe('the period', () => {
  const of = (query: string) => spanOf(new URLSearchParams(query), '2026-11-21');

  test('months ahead end on the same day, or on the last of a shorter month', () => {
    expect(monthsLater('2026-11-21', 12)).toBe('2027-11-21');
    expect(monthsLater('2026-08-31', 6)).toBe('2027-02-28');
    expect(monthsLater('2028-02-29', 12)).toBe('2029-02-28');
    expect(monthsLater('2026-11-30', 36)).toBe('2029-11-30');
  });

  test('a year when nothing is said, or nothing that can be had', () => {
    expect(of('')).toEqual({ period: '1y', until: '2027-11-21' });
    expect(of('period=3y')).toEqual({ period: '3y', until: '2029-11-21' });
    expect(of('period=x&until=2026-02-30')).toEqual({ period: '1y', until: '2027-11-21' });
    expect(of('until=2026-11-21').period).toBe('1y');
    expect(of('until=2031-01-01').period).toBe('1y');
    expect(of('until=2027-03-31')).toEqual({ period: undefined, until: '2027-03-31' });
    expect(isDate('2027-02-29')).toBe(false);
  });
});

describe('the steps in the address', () => {
  const steps: Step[] = [
    { do: 'redeem', licenses: 5, term: 'P2Y' },
    { do: 'auto_renewal', sensor_ids: ['sen_01a', 'sen_01b'], on: false },
    { do: 'auto_renewal', sensor_ids: ['sen_01c'], on: true },
    { do: 'assign', sensor_ids: ['sen_01d'] },
    { do: 'assign', sensor_ids: ['sen_01d'], key: '7KQ2M-AAAAA-BBBBB-CCCCC-X9TD4' },
    { do: 'remove', sensor_ids: ['sen_01e'] },
    { do: 'replace', sensor_id: 'sen_01f', serial: '282C02424EED' },
  ];

  test('are read as they were written, in their order', () => {
    expect(decode(encode(steps))).toEqual(steps);
    expect(encode(steps.slice(0, 2))).toBe('redeem.5.P2Y~off.01a.01b');
    expect(decode('')).toEqual([]);
  });

  test('what cannot be read is left out', () => {
    expect(decode('redeem.0.P2Y~redeem.x.P2Y~redeem.5.2Y~off~assign.~remove.~replace.01f~dance.1~redeem.2.P6M')).toEqual([{ do: 'redeem', licenses: 2, term: 'P6M' }]);
  });

  test('what is too long for an address is kept in the tab', () => {
    const storage = new Map<string, string>();
    const tab = { setItem: (name: string, value: string) => void storage.set(name, value), getItem: (name: string) => storage.get(name) ?? null };
    const many: Step[] = [{ do: 'remove', sensor_ids: Array.from({ length: 1000 }, (_, place) => `sen_01jaw6s6rc04qydkxj4v02${place}`) }];
    expect(keep([], 'org_1', tab)).toBeUndefined();
    expect(keep(steps, 'org_1', tab)).toBe(encode(steps));
    expect(storage.size).toBe(0);
    expect(keep(many, 'org_1', tab)).toBe(KEPT);
    expect(kept(KEPT, 'org_1', tab)).toEqual(many);
    expect(kept(KEPT, 'org_2', tab)).toEqual([]);
    expect(kept(encode(steps), 'org_1', tab)).toEqual(steps);
  });
});

describe('the months', () => {
  const months = [
    month('2026-12', { renewals: 2, goes_without: 1, licenses_left: 4 }),
    month('2027-01', { stops: 1, licenses_left: 2 }),
    month('2027-02'),
  ];

  test('are whole months beside each other', () => {
    expect(daysOf('2026-12')).toEqual([dayNumber('2026-12-01'), dayNumber('2027-01-01')]);
    const axis = axisOf(months, '2026-12-10');
    expect([axis.from, axis.to]).toEqual([dayNumber('2026-12-01'), dayNumber('2027-03-01')]);
    const [first, second, third] = columnsOf(months, axis, heightsOf(months));
    expect(first?.left).toBe(0);
    expect(second?.left).toBeCloseTo(first?.width ?? 0);
    expect((third?.left ?? 0) + (third?.width ?? 0)).toBeCloseTo(100);
  });

  test('their marks are as high as they count, by the highest of all that is compared', () => {
    const other = [month('2026-12', { renewals: 6, licenses_left: 8 })];
    const [first, second, third] = columnsOf(months, axisOf(months, '2026-12-10'), heightsOf(months, other));
    expect(first?.parts).toEqual([
      { kind: 'renews', count: 2, height: (2 / 6) * 100 },
      { kind: 'goes_without', count: 1, height: (1 / 6) * 100 },
    ]);
    expect(first?.ends).toBe(3);
    expect(first?.left_height).toBe(50);
    expect(second?.parts.map(({ kind }) => kind)).toEqual(['stops']);
    expect(third?.parts).toEqual([]);
    expect(heightsOf([month('2027-02')])).toEqual({ ends: 1, left: 1 });
  });

  test('are summed and named', () => {
    expect(total(months)).toEqual({ ends: 4, renews: 2, goes_without: 1, stops: 1 });
    expect(monthName('2027-01')).toBe('January 2027');
  });
});

describe('a sensor of the forecast', () => {
  const ending = { id: 'sen_1', serial: '282C02400001', name: 'Fridge', ends_on: '2026-12-21', ends_at: '2026-12-21T23:00:00Z' };
  const renewal = { at: ending.ends_at, activation_date: '2026-12-22', expires_on: '2027-12-21', term: 'P1Y', key: '7KQ2M-AAAAA-BBBBB-CCCCC-X9TD4' };

  test('says what it takes, and when it loses its cover', () => {
    expect(takes({ ...ending, outcome: 'renews', renewal_count: 1, renewals: [renewal], lapses_on: null })).toBe('takes 1 year on 22 Dec 2026, until 21 Dec 2027, key 7KQ2M-…-X9TD4');
    expect(takes({ ...ending, outcome: 'goes_without', renewal_count: 0, renewals: [], lapses_on: '2026-12-21' })).toBe('no license is left for it on 21 Dec 2026');
    expect(takes({ ...ending, outcome: 'stops', renewal_count: 0, renewals: [], lapses_on: '2026-12-21' })).toBe('stops on 21 Dec 2026: auto renewal is off');
    const twice = { ...ending, outcome: 'goes_without' as const, renewal_count: 2, renewals: [{ ...renewal, key: null }, renewal], lapses_on: '2027-12-21' };
    expect(takes(twice)).toBe('takes 1 year on 22 Dec 2026, until 21 Dec 2027; and 1 more, until 21 Dec 2027; no license is left for it on 21 Dec 2027');
  });

  test('is drawn with a lapse behind its last cover', () => {
    const axis = axisOf([month('2026-11'), month('2027-12')], '2026-11-21');
    const segments = segmentsOfEnding({ ...ending, outcome: 'goes_without', renewal_count: 1, renewals: [renewal], lapses_on: '2027-12-21' }, axis);
    expect(segments.map(({ kind }) => kind)).toEqual(['ending', 'queued', 'lapse']);
    expect(segments[2]?.from).toBe(dayNumber('2027-12-22'));
    expect(segments[2]?.to).toBe(axis.to);
  });
});
