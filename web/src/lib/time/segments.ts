/** What is drawn on the axis: cover that was, is and is queued, and where none is. */
import type { TimelineItem } from '$api/ledger';
import type { Sensor, Standing } from '$api/sensors';
import { dateOf, dayNumber } from '$lib/dates';
import { session } from '$lib/session.svelte';
import { dayStart } from '$lib/zones';

export interface Segment {
  /**
   * `past`: ended cover. `active`. `ending`: active, and the chain ends within 30 days. `queued`. `added`: what a dialog would add.
   * `lapse`: no cover. `renews`: the sensor will take a license by itself.
   */
  kind: 'past' | 'active' | 'ending' | 'queued' | 'added' | 'lapse' | 'renews';
  /** The first day, and the day after the last. */
  from: number;
  to: number;
  /** Written into it where there is room. */
  label?: string | undefined;
}

interface Dated {
  activation_date: string;
  expires_on: string;
}

/** The fields of a sensor's row that its bar needs. */
type CoverOfRow = Pick<Sensor, 'standing' | 'activation_date' | 'expires_on' | 'queued' | 'earlier_cover' | 'at_end'>;

const end = (date: string): number => dayNumber(date) + 1;

export function segmentsOfRow(row: CoverOfRow, today: string): Segment[] {
  const now = dayNumber(today);
  const segments: Segment[] = row.earlier_cover.map(({ from, until }) => ({ kind: 'past', from: dayNumber(from), to: end(until) }));
  if (row.activation_date && row.expires_on) {
    const kind = row.standing === 'expired' ? 'past' : row.standing === 'expiring' ? 'ending' : 'active';
    segments.push({ kind, from: dayNumber(row.activation_date), to: end(row.expires_on) });
  }
  for (const queued of row.queued) segments.push({ kind: 'queued', from: dayNumber(queued.activation_date), to: end(queued.expires_on) });
  return withWhatFollows(segments, now, row.at_end);
}

/** The segments of a sensor's whole time line, gaps and all; `label` writes into its licenses. */
export function segmentsOfTimeline(
  items: TimelineItem[],
  today: string,
  standing: Standing,
  atEnd?: CoverOfRow['at_end'],
  label?: (license: TimelineItem) => string,
): Segment[] {
  const now = dayNumber(today);
  const segments: Segment[] = [];
  for (const item of items) {
    const from = dayAt(item.starts_at);
    const to = item.ends_at ? dayAt(item.ends_at) : Math.max(now, from);
    if (item.kind === 'gap') segments.push({ kind: 'lapse', from, to });
    if (item.kind !== 'license') continue;
    const kind = item.state === 'queued' ? 'queued' : item.state !== 'active' ? 'past' : standing === 'expiring' ? 'ending' : 'active';
    segments.push({ kind, from, to, label: label?.(item) });
  }
  return [...segments, ...ahead(segments.at(-1), now, atEnd ?? null)];
}

/** An instant as a day of the organization's zone, with the part of that day that is over. */
function dayAt(instant: string): number {
  const zone = session.membership?.time_zone ?? 'UTC';
  const date = dateOf(instant, zone);
  const part = (Date.parse(instant) - Date.parse(dayStart(date, zone))) / 864e5;
  return dayNumber(date) + Math.min(part, 1);
}

/** What a license would add. */
export function added(license: Dated, label?: string): Segment {
  return { kind: 'added', from: dayNumber(license.activation_date), to: end(license.expires_on), label };
}

function withWhatFollows(segments: Segment[], now: number, atEnd: CoverOfRow['at_end']): Segment[] {
  const gaps: Segment[] = [];
  for (const [place, segment] of segments.entries()) {
    const next = segments[place + 1];
    if (next && next.from > segment.to) gaps.push({ kind: 'lapse', from: segment.to, to: next.from });
  }
  return [...segments, ...gaps, ...ahead(segments.at(-1), now, atEnd ?? null)];
}

/** What comes behind the last cover. */
function ahead(last: Segment | undefined, now: number, atEnd: CoverOfRow['at_end'] | undefined): Segment[] {
  if (!last || last.kind === 'lapse') return [];
  if (last.to <= now) return [{ kind: 'lapse', from: last.to, to: now }];
  if (atEnd === 'renews') return [{ kind: 'renews', from: last.to, to: last.to + 180 }];
  return atEnd === 'no_license' || atEnd === 'stops' ? [{ kind: 'lapse', from: last.to, to: last.to + 150 }] : [];
}
