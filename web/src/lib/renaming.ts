/** New names for many sensors, by a pattern. */

export type Way = 'replace' | 'affix' | 'number';

export interface Pattern {
  way: Way;
  find: string;
  replacement: string;
  before: string;
  after: string;
  numbered: string;
  start: number;
}

export const LONGEST_NAME = 100;

const regular = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The name that each gets, in their order. */
export function newNames(names: readonly string[], pattern: Pattern): string[] {
  const { way, find, replacement, before, after, numbered, start } = pattern;
  if (way === 'replace') {
    if (!find) return [...names];
    const wanted = new RegExp(regular(find), 'giu');
    return names.map((name) => name.replace(wanted, () => replacement).trim());
  }
  if (way === 'affix') return names.map((name) => `${before}${name}${after}`.trim());
  return names.map((name, place) => {
    const number = (marks: string): string => String(start + place).padStart(marks.length, '0');
    return numbered
      .split('{name}')
      .map((part) => part.replace(/#+/g, number))
      .join(name)
      .trim();
  });
}

/** Why the names cannot be given. */
export function fault(names: readonly string[]): 'empty' | 'long' | undefined {
  if (names.some((name) => name === '')) return 'empty';
  return names.some((name) => [...name].length > LONGEST_NAME) ? 'long' : undefined;
}
