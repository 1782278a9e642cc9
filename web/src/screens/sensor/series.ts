/** Points of the server made into what a chart draws. */
import type { Channel, Point } from '$api/measurements';
import type { TimelineItem } from '$api/ledger';
import { isBinary } from '$lib/channels';

export interface Series {
  channel: number;
  type: string;
  /** Seconds since 1970, with a place without a value wherever nothing was measured. */
  at: number[];
  value: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  /** Points stand for slices of time. */
  sliced: boolean;
  lowest: number | null;
  highest: number | null;
  mean: number | null;
}

/** A gap is more than this many usual distances without a value. */
const GAP = 2.6;

export function seriesOf({ channel, type, points }: Channel): Series {
  const series: Series = { channel, type, at: [], value: [], low: [], high: [], sliced: false, lowest: null, highest: null, mean: null };
  const usual = usualDistance(points);
  let sum = 0;
  let count = 0;
  const put = (at: number, value: number | null, low: number | null, high: number | null): void => {
    series.at.push(at);
    series.value.push(value);
    series.low.push(low);
    series.high.push(high);
  };
  for (const point of points) {
    const at = Date.parse(point.at) / 1000;
    const before = series.at.at(-1);
    if (before !== undefined && at <= before) continue;
    // A state lasts until it changes, so silence is not a gap of it.
    if (before !== undefined && usual && at - before > usual * GAP && !isBinary(type)) put(before + usual, null, null, null);
    const value = point.value ?? null;
    const low = point.min ?? value;
    const high = point.max ?? value;
    put(at, value, low, high);
    if (value === null) continue;
    sum += value;
    count += 1;
    if (low !== null && (series.lowest === null || low < series.lowest)) series.lowest = low;
    if (high !== null && (series.highest === null || high > series.highest)) series.highest = high;
    if (low !== high) series.sliced = true;
  }
  if (count) series.mean = sum / count;
  return series;
}

function usualDistance(points: Point[]): number {
  const distances = points
    .slice(1)
    .map((point, place) => (Date.parse(point.at) - Date.parse(points[place]?.at ?? point.at)) / 1000)
    .filter((distance) => distance > 0)
    .sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? 0;
}

/** A time without cover, in seconds. */
export interface Span {
  from: number;
  to: number;
}

/** The times up to now in which nothing covered the sensor: the gaps of its time line that are not too short to be told. */
export function uncovered(items: Pick<TimelineItem, 'kind' | 'starts_at' | 'ends_at'>[], now: number): Span[] {
  const seconds = (instant: string): number => Date.parse(instant) / 1000;
  const spans = items
    .filter(({ kind }) => kind === 'gap')
    .map(({ starts_at, ends_at }): Span => ({ from: seconds(starts_at), to: Math.min(ends_at ? seconds(ends_at) : now, now) }));
  // The page may stand there longer than the last license lasts.
  const last = items.findLast(({ kind }) => kind === 'license' || kind === 'gap');
  if (last?.kind === 'license' && last.ends_at && seconds(last.ends_at) < now) spans.push({ from: seconds(last.ends_at), to: now });
  return spans.filter(({ from, to }) => to - from >= 60);
}

/** The place of the value that is nearest to an instant. */
export function nearest(series: Series, at: number): number | undefined {
  let best: number | undefined;
  let distance = Infinity;
  for (const [place, there] of series.at.entries()) {
    if (series.value[place] === null) continue;
    const away = Math.abs(there - at);
    if (away < distance) [best, distance] = [place, away];
    else if (there > at) break;
  }
  return best;
}
