/** How far the forecast looks ahead, as the address tells it: some months, or a date. */
import { dateOfDay, dayNumber } from '$lib/dates';

export const PERIODS = ['6m', '1y', '2y', '3y'] as const;
export type Period = (typeof PERIODS)[number];
const MONTHS: Record<Period, number> = { '6m': 6, '1y': 12, '2y': 24, '3y': 36 };
/** The server looks no further. */
export const MOST_DAYS = 1100;

/** So many months later, on the same day, or on the month's last where it is shorter. */
export function monthsLater(date: string, months: number): string {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number);
  const first = Date.UTC(year, month - 1 + months, 1);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return dateOfDay(first / 864e5 + Math.min(day, last) - 1);
}

export const isDate = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(dayNumber(text)) && dateOfDay(dayNumber(text)) === text;

/** The first and the last date that may be asked for. */
export function limits(today: string): [first: string, last: string] {
  return [dateOfDay(dayNumber(today) + 1), dateOfDay(dayNumber(today) + MOST_DAYS)];
}

export type Span = { period: Period; until: string } | { period: undefined; until: string };

/** What the address asks for; a year when it names nothing, or nothing that can be had. */
export function spanOf(query: URLSearchParams, today: string): Span {
  const until = query.get('until') ?? '';
  const [first, last] = limits(today);
  if (isDate(until) && until >= first && until <= last) return { period: undefined, until };
  const period = PERIODS.find((one) => one === query.get('period')) ?? '1y';
  return { period, until: monthsLater(today, MONTHS[period]) };
}
