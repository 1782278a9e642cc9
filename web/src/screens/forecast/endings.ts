/** A sensor of the forecast in words, and its cover on the axis. */
import type { Ending } from '$api/forecast';
import { shortKey } from '$lib/code';
import { dayNumber, shortDate, term } from '$lib/dates';
import { t } from '$lib/i18n.svelte';
import type { Axis } from '$lib/time/axis';
import type { Segment } from '$lib/time/segments';

/** Which license it takes and when, and when it loses its cover. */
export function takes({ renewals, renewal_count, outcome, lapses_on }: Ending): string {
  const parts: string[] = [];
  const [first] = renewals;
  const last = renewals.at(-1);
  if (first && last) {
    parts.push(t.forecast.renewed(term(first.term), shortDate(first.activation_date), shortDate(first.expires_on), first.key ? shortKey(first.key) : undefined));
    if (renewal_count > 1) parts.push(t.forecast.renewedMore(renewal_count - 1, shortDate(last.expires_on)));
  }
  if (lapses_on) parts.push(outcome === 'stops' ? t.forecast.stopsOn(shortDate(lapses_on)) : t.forecast.without(shortDate(lapses_on)));
  return parts.join('; ');
}

/** What it has, what it would take, and where it has nothing. */
export function segmentsOfEnding(ending: Ending, axis: Axis): Segment[] {
  const end = dayNumber(ending.ends_on) + 1;
  const segments: Segment[] = [{ kind: end - axis.today <= 31 ? 'ending' : 'active', from: Math.min(axis.from, end), to: end }];
  for (const { activation_date, expires_on } of ending.renewals) segments.push({ kind: 'queued', from: dayNumber(activation_date), to: dayNumber(expires_on) + 1 });
  const last = segments.at(-1);
  if (ending.lapses_on && last) segments.push({ kind: 'lapse', from: last.to, to: axis.to });
  return segments;
}
