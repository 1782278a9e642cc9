/** What the plan of a common date says of a sensor, and how it differs from the one that was seen before. */
import type { CommonDate, PlannedEnd } from '$api/commonDate';
import { dayNumber, term as inWords, termLength } from '$lib/dates';
import { t } from '$lib/i18n.svelte';
import { Axis } from '$lib/time/axis';
import type { Segment } from '$lib/time/segments';

const said = ({ expires_on, licenses }: PlannedEnd): string => JSON.stringify([expires_on, licenses.map(({ key, term, expires_on }) => [key, term, expires_on])]);

/** The sensors whose plan is another one than before. */
export function differing(before: CommonDate, now: CommonDate): Set<string> {
  const seen = new Map(before.items.map((item) => [item.sensor_id, said(item)]));
  return new Set(now.items.filter((item) => seen.get(item.sensor_id) !== said(item)).map(({ sensor_id }) => sensor_id));
}

/** “2 × 1 year, 1 × 6 months”. */
export function licensesOf(item: PlannedEnd): string {
  const count = new Map<string, number>();
  for (const { term } of item.licenses) count.set(term, (count.get(term) ?? 0) + 1);
  return [...count]
    .sort(([a], [b]) => termLength(b) - termLength(a))
    .map(([term, count]) => t.commonDate.takes(count, inWords(term)))
    .join(', ');
}

/** “3 days before”: how the new end lies to the date. */
export function nearness(days: number | null | undefined): string {
  if (days == null) return '';
  return days === 0 ? t.commonDate.on : days < 0 ? t.commonDate.before(-days) : t.commonDate.after(days);
}

export function axisOf(plan: CommonDate, today: string): Axis {
  const days = plan.items.flatMap(({ ends_on, expires_on }) => [ends_on, expires_on].flatMap((date) => (date ? [dayNumber(date)] : [])));
  const now = dayNumber(today);
  const to = Math.max(now + 60, dayNumber(plan.date), ...days);
  const room = (to - now) * 0.05;
  return new Axis(now - room, to + room, now);
}

export function segmentsOf(item: PlannedEnd, axis: Axis): Segment[] {
  const segments: Segment[] = [];
  const end = item.ends_on ? dayNumber(item.ends_on) + 1 : undefined;
  if (end !== undefined) segments.push({ kind: end <= axis.today ? 'past' : 'active', from: Math.min(axis.from, end), to: end });
  for (const { activation_date, expires_on } of item.licenses) segments.push({ kind: 'added', from: dayNumber(activation_date), to: dayNumber(expires_on) + 1 });
  return segments;
}

/** The furthest from the date first; of equally far ones in the given order. */
export function byDistance(items: PlannedEnd[]): PlannedEnd[] {
  const far = ({ days_from_date }: PlannedEnd): number => (days_from_date == null ? Infinity : Math.abs(days_from_date));
  return items.toSorted((a, b) => far(b) - far(a) || 0);
}
