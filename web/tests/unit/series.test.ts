import { expect, test } from 'vitest';
import { nearest, seriesOf, uncovered } from '../../src/screens/sensor/series';

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 22, 0, minute)).toISOString();
const seconds = (minute: number): number => Date.parse(at(minute)) / 1000;
const point = (minute: number, value: number, min = value, max = value) => ({ at: at(minute), value, min, max, errors: 0 });

test('where nothing was measured, the line has a gap', () => {
  const series = seriesOf({ channel: 1, type: 'temperature', unit: '°C', points: [point(0, 5), point(15, 6), point(30, 7), point(120, 8), point(135, 9)] });
  expect(series.value).toEqual([5, 6, 7, null, 8, 9]);
  expect(series.at[3]).toBe(seconds(45));
  expect([series.lowest, series.highest, series.mean]).toEqual([5, 9, 7]);
  expect(series.sliced).toBe(false);
});

test('a state lasts until it changes, so silence is no gap of it', () => {
  const series = seriesOf({ channel: 1, type: 'flooding', unit: '', points: [point(0, 0), point(10, 1), point(20, 0), point(500, 1)] });
  expect(series.value).toEqual([0, 1, 0, 1]);
});

test('slices keep their lowest and highest values', () => {
  const series = seriesOf({ channel: 1, type: 'temperature', unit: '°C', points: [point(0, 5, 4, 6.5), point(60, 5, 3, 6)] });
  expect([series.sliced, series.lowest, series.highest]).toEqual([true, 3, 6.5]);
});

test('the value nearest to an instant is found across gaps', () => {
  const series = seriesOf({ channel: 1, type: 'temperature', unit: '°C', points: [point(0, 5), point(15, 6), point(30, 7), point(120, 8)] });
  expect(series.value[nearest(series, seconds(50)) ?? -1]).toBe(7);
  expect(series.value[nearest(series, seconds(400)) ?? -1]).toBe(8);
});

test('the time without cover is the gaps of the time line, up to now', () => {
  const item = (kind: 'license' | 'gap' | 'replaced', from: number, to: number | null) => ({ kind, starts_at: at(from), ends_at: to === null ? null : at(to) });
  expect(uncovered([item('license', 0, 90), item('gap', 90, 200), item('replaced', 210, null), item('license', 200, 300)], seconds(400))).toEqual([
    { from: seconds(90), to: seconds(200) },
    { from: seconds(300), to: seconds(400) },
  ]);
  expect(uncovered([item('license', 0, 60), item('license', 60, 900)], seconds(400))).toEqual([]);
  expect(uncovered([item('gap', 0, null)], seconds(400))).toEqual([{ from: seconds(0), to: seconds(400) }]);
});
