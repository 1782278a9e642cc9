/** Dates and instants as people write them. Dates are the organization's; instants are shown in its zone. */
import { clock } from './clock.svelte';
import { current, plural } from './language.svelte';
import { session } from './session.svelte';
import { t } from './i18n.svelte';

/** The zone in which instants are shown: the person's own choice, else the organization's. */
export function zone(): string {
  return session.user?.time_zone ?? session.membership?.time_zone ?? 'UTC';
}

const kept = new Map<string, Intl.DateTimeFormat>();
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = current.locale + JSON.stringify(options);
  let made = kept.get(key);
  if (!made) kept.set(key, (made = new Intl.DateTimeFormat(current.locale, options)));
  return made;
}

/** A local date `YYYY-MM-DD` as a number of days since 1970, for arithmetic and drawing. */
export function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / 864e5;
}

/** The local date of a number of days since 1970. */
export function dateOfDay(day: number): string {
  return new Date(day * 864e5).toISOString().slice(0, 10);
}

const SHORT = { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' } as const;
const NUMERIC = { day: '2-digit', month: '2-digit', year: 'numeric', timeZone: 'UTC' } as const;
const LONG = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const;

/** 21 Nov 2026 (21.11.2026 in German), for tables. */
export function shortDate(date: string): string {
  const options = current.language === 'de' ? NUMERIC : SHORT;
  return format(options).format(dayNumber(date) * 864e5).replace('Sept ', 'Sep ');
}

/** 21 November 2026, for sentences. */
export function longDate(date: string): string {
  return format(LONG).format(dayNumber(date) * 864e5);
}

/** Today's local date in the zone (the organization's when nothing is said). */
export function today(timeZone = session.membership?.time_zone ?? 'UTC'): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone }).format(clock.now);
}

/** The local date of an instant in the organization's zone. */
export function dateOf(instant: string, timeZone = session.membership?.time_zone ?? 'UTC'): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone }).format(new Date(instant));
}

/** 21 Nov 2026, 14:05. */
export function moment(instant: string): string {
  return format({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZone: zone() }).format(
    new Date(instant),
  );
}

/** 21 November 2026, 08:00, in this zone, for sentences. */
export function longMoment(instant: string, timeZone: string): string {
  return `${longDate(dateOf(instant, timeZone))}, ${time(instant, timeZone)}`;
}

/** 14:05. */
export function time(instant: string, timeZone = zone()): string {
  return format({ hour: '2-digit', minute: '2-digit', timeZone }).format(new Date(instant));
}

const STEPS = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
] as const;

/** “5 minutes ago”; after a week the date. */
export function ago(instant: string, now = clock.now): string {
  let count = Math.round((now - Date.parse(instant)) / 1000);
  if (count < 5) return t.shell.justNow;
  for (const [unit, next] of STEPS) {
    if (count < next) return new Intl.RelativeTimeFormat(current.locale, { numeric: 'always' }).format(-count, unit);
    count = Math.round(count / next);
  }
  return shortDate(dateOf(instant, zone()));
}

/** An ISO 8601 term of years, months, weeks and days in words: `P2Y` is “2 years”. */
export function term(iso: string): string {
  const parts = [...iso.matchAll(/(\d+)([YMWD])/g)].map(([, count, unit]) =>
    plural(Number(count), t.shell.units[unit as 'Y' | 'M' | 'W' | 'D']),
  );
  return parts.join(' ') || iso;
}

/** An order of terms from long to short, for lists. */
export function termLength(iso: string): number {
  const days = { Y: 365.25, M: 30.44, W: 7, D: 1 } as const;
  return [...iso.matchAll(/(\d+)([YMWD])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * days[unit as 'Y'], 0);
}
