/** Months as columns on an axis of days. */
import type { Month } from '$api/forecast';
import { dayNumber } from '$lib/dates';
import { current } from '$lib/language.svelte';
import { Axis } from '$lib/time/axis';

/** The first day of a month `2027-01`, and the day after its last. */
export function daysOf(month: string): [from: number, to: number] {
  const [year = 0, place = 1] = month.split('-').map(Number);
  return [Date.UTC(year, place - 1) / 864e5, Date.UTC(year, place) / 864e5];
}

/** Whole months, from the first to the last. */
export function axisOf(months: Month[], today: string): Axis {
  const now = dayNumber(today);
  const first = months[0];
  const last = months.at(-1);
  return first && last ? new Axis(daysOf(first.month)[0], daysOf(last.month)[1], now) : new Axis(now, now + 365, now);
}

export interface Column {
  month: string;
  /** In percent of the axis. */
  left: number;
  width: number;
  /** How high each part stands, in percent of the highest column. */
  parts: { kind: 'renews' | 'goes_without' | 'stops'; count: number; height: number }[];
  ends: number;
  /** How high the licenses that are left stand at the month's end, in percent of the most. */
  left_height: number;
  licenses_left: number;
}

const KINDS = { renews: 'renewals', goes_without: 'goes_without', stops: 'stops' } as const;
const ends = (month: Month): number => month.renewals + month.goes_without + month.stops;

/** How much the highest column and the fullest pool hold; two drawings that are compared share it. */
export function heightsOf(...drawn: Month[][]): { ends: number; left: number } {
  const all = drawn.flat();
  return { ends: Math.max(1, ...all.map(ends)), left: Math.max(1, ...all.map(({ licenses_left }) => licenses_left)) };
}

export function columnsOf(months: Month[], axis: Axis, most: { ends: number; left: number }): Column[] {
  return months.map((month) => {
    const [from, to] = daysOf(month.month);
    const left = axis.x(from);
    return {
      month: month.month,
      left,
      width: axis.x(to) - left,
      parts: (Object.keys(KINDS) as (keyof typeof KINDS)[])
        .map((kind) => ({ kind, count: month[KINDS[kind]], height: (month[KINDS[kind]] / most.ends) * 100 }))
        .filter(({ count }) => count > 0),
      ends: ends(month),
      left_height: (month.licenses_left / most.left) * 100,
      licenses_left: month.licenses_left,
    };
  });
}

/** `2027-01` as “January 2027”. */
export function monthName(month: string): string {
  return new Intl.DateTimeFormat(current.locale, { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(daysOf(month)[0] * 864e5);
}

/** The sums over all months. */
export function total(months: Month[]): { ends: number; renews: number; goes_without: number; stops: number } {
  const sum = (of: (month: Month) => number): number => months.reduce((whole, month) => whole + of(month), 0);
  return { ends: sum(ends), renews: sum(({ renewals }) => renewals), goes_without: sum((month) => month.goes_without), stops: sum((month) => month.stops) };
}
