/** What is drawn on the axis: cover that was, is and is queued, and where none is. */
import type { Sensor, SensorLicense, Standing } from '$api/sensors';
import { dayNumber } from '$lib/dates';

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

/** A license of a sensor's time line. */
type LicenseOnAxis = Pick<SensorLicense, 'activation_date' | 'expires_on' | 'state' | 'term'>;

/** The segments of a sensor's whole history of licenses; `label` writes into them. */
export function segmentsOfLicenses(
  licenses: LicenseOnAxis[],
  today: string,
  standing: Standing,
  atEnd?: CoverOfRow['at_end'],
  label?: (license: LicenseOnAxis) => string,
): Segment[] {
  const segments = licenses.map((license): Segment => {
    const kind = license.state === 'queued' ? 'queued' : license.state !== 'active' ? 'past' : standing === 'expiring' ? 'ending' : 'active';
    return { kind, from: dayNumber(license.activation_date), to: end(license.expires_on), label: label?.(license) };
  });
  return withWhatFollows(segments, dayNumber(today), atEnd);
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
  const last = segments.at(-1);
  if (last && last.to <= now) gaps.push({ kind: 'lapse', from: last.to, to: now });
  else if (last && atEnd === 'renews') gaps.push({ kind: 'renews', from: last.to, to: last.to + 180 });
  else if (last && (atEnd === 'no_license' || atEnd === 'stops')) gaps.push({ kind: 'lapse', from: last.to, to: last.to + 150 });
  return [...segments, ...gaps];
}
