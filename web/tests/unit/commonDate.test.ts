import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { CommonDate, PlannedEnd } from '../../src/api/commonDate';
import { speak } from '../../src/lib/i18n.svelte';
import { byDistance, differing, licensesOf, nearness } from '../../src/screens/common-date/plan';

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

describe('the plan of a common date', () => {
  beforeAll(() => speak('en'));

  const item = (sensor_id: string, more: Partial<PlannedEnd> = {}): PlannedEnd => ({
    sensor_id,
    serial: sensor_id,
    name: sensor_id,
    ends_on: '2027-01-31',
    licenses: [],
    expires_on: '2027-01-31',
    days_from_date: -3,
    ...more,
  });
  const license = (term: string) => ({ key: 'k', term, activation_date: '2027-02-01', expires_on: '2028-01-31' });
  const plan = (items: PlannedEnd[]): CommonDate => ({
    date: '2027-02-03',
    items,
    licenses_needed: 0,
    licenses_left: 0,
    short: 0,
    spread_days_before: 0,
    spread_days_after: 0,
    goes_without: [],
    plan: 'p',
  });

  test('says what differs from the plan that was seen', () => {
    const before = plan([item('a'), item('b', { licenses: [license('P1Y')] }), item('c')]);
    expect([...differing(before, before)]).toEqual([]);
    expect([...differing(before, plan([item('a'), item('b'), item('c', { expires_on: '2027-02-28' }), item('d')]))]).toEqual(['b', 'c', 'd']);
  });

  test('counts the licenses by their terms, the longest first', () => {
    expect(licensesOf(item('a', { licenses: [license('P6M'), license('P1Y'), license('P1Y')] }))).toBe('2 × 1 year, 1 × 6 months');
  });

  test('tells how near each end lies, the furthest first', () => {
    expect([nearness(0), nearness(-1), nearness(12)]).toEqual(['on the date', '1 day before', '12 days after']);
    const far = byDistance([item('a'), item('b', { days_from_date: 40 }), item('c', { days_from_date: 0 }), item('d', { days_from_date: null })]);
    expect(far.map(({ sensor_id }) => sensor_id)).toEqual(['d', 'b', 'a', 'c']);
  });
});
