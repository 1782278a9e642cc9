/** The time that a chart shows, as the address tells it: one of a few ranges that end now, or a from and a to. */
import { router } from '$lib/router.svelte';

export const RANGES = ['24h', '7d', '30d', '1y', 'all'] as const;
export type Range = (typeof RANGES)[number];

const DAYS: Record<Exclude<Range, 'all'>, number> = { '24h': 1, '7d': 7, '30d': 30, '1y': 365 };

export type Period = { range: Range } | { from: string; to: string };

/** `usual` is the range when the address names none. */
export function periodOf(query: URLSearchParams, usual: Range): Period {
  const from = query.get('from');
  const to = query.get('to');
  if (from && to && Date.parse(from) < Date.parse(to)) return { from, to };
  const range = query.get('range');
  return { range: RANGES.find((one) => one === range) ?? usual };
}

export function show(period: Period, push = true): void {
  if ('range' in period) router.setQuery({ range: period.range, from: null, to: null }, { push });
  else router.setQuery({ range: null, ...period }, { push });
}

/** Its ends in milliseconds; `from` is undefined for all there is. */
export function ends(period: Period, now: number): { from: number | undefined; to: number } {
  if (!('range' in period)) return { from: Date.parse(period.from), to: Date.parse(period.to) };
  return { from: period.range === 'all' ? undefined : now - DAYS[period.range] * 864e5, to: now };
}

/** The whole second, which is enough for addresses. */
export const instant = (ms: number): string => new Date(Math.round(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');

/** The part of an hour by which a zone is ahead of UTC at an instant, in milliseconds. */
function ahead(ms: number, timeZone: string): number {
  const text = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(ms);
  return Date.parse(`${text.replace(' ', 'T')}Z`) - Math.floor(ms / 1000) * 1000;
}

/** `2026-11-22T14:05`, as an input of the browser wants it, in a zone. */
export function local(ms: number, timeZone: string): string {
  return new Date(ms + ahead(ms, timeZone)).toISOString().slice(0, 16);
}

/** The instant of a local time; where the clock jumps over it, one after the jump. */
export function ofLocal(text: string, timeZone: string): number {
  const utc = Date.parse(`${text}Z`);
  const first = utc - ahead(utc, timeZone);
  return utc - ahead(first, timeZone);
}
