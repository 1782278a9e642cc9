import { beforeAll, expect, test } from 'vitest';
import { speak } from '../../src/lib/i18n.svelte';
import { Problem } from '../../src/lib/problem';

const refused = (detail: string): string => new Problem('invalid', 422, detail).sentence;

beforeAll(async () => {
  Object.assign(globalThis, { localStorage: { setItem: () => {} }, document: { documentElement: {} } });
  await speak('de');
});

test('what is invalid is told by its field, with the limits that the server names', () => {
  expect(refused('after_minutes: a number from 1 to 43200')).toBe('Die Zeit ohne Nachricht ist eine ganze Zahl von Minuten von 1 bis 43.200.');
  expect(refused('password: 10 to 200 characters')).toBe('Ein Passwort hat 10 bis 200 Zeichen.');
  expect(refused('name: not one that another organization has')).toContain('andere Organisation');
  expect(refused('name: at most 100 characters, on one line')).toContain('100 Zeichen');
});

test('a field that has no sentence is told in the words of the server', () => {
  expect(refused('points: a number from 1 to 5000')).toBe('points: a number from 1 to 5000');
});
