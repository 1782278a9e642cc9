import { describe, expect, it } from 'vitest';
import { dayStart, findZones } from '../../src/lib/zones';

describe('the start of a local day', () => {
  it('follows the zone, also on the days on which its clock changes', () => {
    expect(dayStart('2026-11-22', 'Europe/Warsaw')).toBe('2026-11-21T23:00:00Z');
    expect(dayStart('2026-03-29', 'Europe/Warsaw')).toBe('2026-03-28T23:00:00Z');
    expect(dayStart('2026-03-30', 'Europe/Warsaw')).toBe('2026-03-29T22:00:00Z');
    expect(dayStart('2026-10-25', 'Europe/Warsaw')).toBe('2026-10-24T22:00:00Z');
    expect(dayStart('2026-10-26', 'Europe/Warsaw')).toBe('2026-10-25T23:00:00Z');
    expect(dayStart('2026-07-01', 'Asia/Kathmandu')).toBe('2026-06-30T18:15:00Z');
    expect(dayStart('2026-07-01', 'UTC')).toBe('2026-07-01T00:00:00Z');
  });
});

describe('finding a time zone', () => {
  it('finds by a part of the city, with or without accents and underscores', () => {
    expect(findZones('buenos air')[0]?.id).toMatch(/Buenos_Aires$/);
    expect(findZones('Europe/War')[0]?.id).toBe('Europe/Warsaw');
    expect(findZones('no such place')).toEqual([]);
  });
});
