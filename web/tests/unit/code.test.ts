import { describe, expect, test } from 'vitest';
import { grouped, judge, read, shortKey } from '../../src/lib/code';

/** The code that `crates/domain/src/code.rs` makes of the same bits in its tests. */
const SAMPLE = '6BN8M-S84H0-WXDYA-KRKN8-39V0W';
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const judged = (text: string) => judge(read(text).symbols);

describe('r1', () => {
  test('a code that the server made is right', () => {
    expect(judged(SAMPLE)).toEqual({ kind: 'right' });
    expect(grouped(read(SAMPLE).symbols)).toBe(SAMPLE);
  });

  test('case, spaces, dashes and look-alikes are forgiven', () => {
    for (const text of [
      '00000-00000-00000-00000-00000',
      'ooooo OOOOO 00000 00000 00000',
      '  0000000000000000000000000\n',
      '00000\u201300000\u201300000\u201300000\u201300000',
    ]) {
      expect(judged(text), text).toEqual({ kind: 'right' });
    }
    expect(read('iIlL1').symbols).toBe('11111');
    expect(read('oO0').lookAlikes).toBe(true);
    expect(read('10').lookAlikes).toBe(false);
    expect(judged(SAMPLE.toLowerCase())).toEqual({ kind: 'right' });
  });

  test('what no code has is named', () => {
    expect(read('U6B!N8é').strange).toEqual(['U', '!', 'é']);
    expect(read('U6B!N8é').symbols).toBe('6BN8');
    expect(judged('6BN8M')).toEqual({ kind: 'short', entered: 5 });
    expect(judged('')).toEqual({ kind: 'empty' });
    expect(judged(`${SAMPLE}0`)).toEqual({ kind: 'long' });
  });

  test('every single wrong character is caught and its group named', () => {
    const code = read(SAMPLE).symbols;
    for (let place = 0; place < 25; place++) {
      for (const letter of ALPHABET) {
        if (code[place] === letter) continue;
        const wrong = code.slice(0, place) + letter + code.slice(place + 1);
        expect(judge(wrong), wrong).toEqual({ kind: 'typo', group: Math.floor(place / 5) + 1 });
      }
    }
  });

  test('every swap is caught', () => {
    const code = [...read(SAMPLE).symbols];
    for (let first = 0; first < 25; first++) {
      for (let second = first + 1; second < 25; second++) {
        if (code[first] === code[second]) continue;
        const swapped = [...code];
        [swapped[first], swapped[second]] = [swapped[second]!, swapped[first]!];
        expect(judge(swapped.join('')).kind).toBe('typo');
      }
    }
  });
});

test('keys are shortened to their first and last group', () => {
  expect(shortKey(SAMPLE)).toBe('6BN8M-…-39V0W');
});
