import { expect, test } from 'vitest';
import { Keys, randomKey } from '../../src/lib/keys';

function keys() {
  let [now, made] = [0, 0];
  return { keys: new Keys(() => now, () => `key ${++made}`), later: (milliseconds: number) => (now += milliseconds) };
}

test('what is answered has a key of its own each time', () => {
  const { keys: of } = keys();
  expect(of.of('POST /licenses')).toBe('key 1');
  of.answered('POST /licenses');
  expect(of.of('POST /licenses')).toBe('key 2');
});

test('what was not answered keeps its key until it is', () => {
  const { keys: of } = keys();
  const key = of.of('POST /licenses');
  of.lost('POST /licenses', key);
  expect(of.of('POST /licenses')).toBe(key);
  of.lost('POST /licenses', key);
  expect(of.of('POST /sensors')).not.toBe(key);
  expect(of.of('POST /licenses')).toBe(key);
  of.answered('POST /licenses');
  expect(of.of('POST /licenses')).not.toBe(key);
});

test('after five minutes the same is something new', () => {
  const { keys: of, later } = keys();
  const key = of.of('POST /licenses');
  of.lost('POST /licenses', key);
  later(5 * 60_000);
  expect(of.of('POST /licenses')).toBe(key);
  later(1);
  expect(of.of('POST /licenses')).not.toBe(key);
});

test('a key is random', () => {
  expect(randomKey()).toMatch(/^[0-9a-f]{32}$/);
  expect(randomKey()).not.toBe(randomKey());
});
