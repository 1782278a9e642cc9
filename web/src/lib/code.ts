/** Activation codes as one types them (R1). The server's word is `crates/domain/src/code.rs`; this is the same check, at once. */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export const LENGTH = 25;
const GROUP = 5;

export type Verdict =
  | { kind: 'empty' }
  | { kind: 'short'; entered: number }
  /** More than 25 characters. */
  | { kind: 'long' }
  | { kind: 'typo'; group: number | undefined }
  | { kind: 'right' };

export interface Reading {
  /** The symbols without dashes, look-alikes turned into what is meant. */
  symbols: string;
  /** Characters that no code has, each once. */
  strange: string[];
  /** Whether an I, L or O was read as 1 or 0. */
  lookAlikes: boolean;
}

/** Reads what was typed or pasted: case, spaces and dashes do not matter, nor do look-alikes. */
export function read(text: string): Reading {
  let symbols = '';
  let lookAlikes = false;
  const strange = new Set<string>();
  for (const letter of text) {
    if (/[\s\-_‐-―−]/u.test(letter)) continue;
    const upper = letter.toUpperCase();
    const meant = upper === 'O' ? '0' : upper === 'I' || upper === 'L' ? '1' : upper;
    if (meant.length === 1 && ALPHABET.includes(meant)) {
      symbols += meant;
      lookAlikes ||= meant !== upper;
    } else strange.add(letter);
  }
  return { symbols, strange: [...strange], lookAlikes };
}

/** Groups of five with dashes between them. */
export function grouped(symbols: string): string {
  return symbols.match(/.{1,5}/g)?.join('-') ?? '';
}

/** `7KQ2M-…-X9TD4`: enough to tell keys apart, for tables. */
export function shortKey(key: string): string {
  const groups = key.split('-');
  return groups.length > 2 ? `${groups[0]}-…-${groups.at(-1)}` : key;
}

export function judge(symbols: string): Verdict {
  if (symbols.length === 0) return { kind: 'empty' };
  if (symbols.length < LENGTH) return { kind: 'short', entered: symbols.length };
  if (symbols.length > LENGTH) return { kind: 'long' };
  const [first, second, third] = syndromes([...symbols].map((letter) => ALPHABET.indexOf(letter)));
  if (first === 0 && second === 0 && third === 0) return { kind: 'right' };
  return { kind: 'typo', group: locate(first, second, third) };
}

/** The product in the field with 32 elements, modulo x⁵ + x² + 1. */
function times(a: number, b: number): number {
  let product = 0;
  while (b > 0) {
    if (b & 1) product ^= a;
    b >>= 1;
    a <<= 1;
    if (a & 32) a ^= 0b100101;
  }
  return product;
}

/** The code's polynomial at the roots 2, 4 and 8; all zero for a valid code. */
function syndromes(values: number[]): [number, number, number] {
  const at = (root: number): number => values.reduce((sum, value) => times(sum, root) ^ value, 0);
  return [at(2), at(4), at(8)];
}

/** The group of the single wrong character that gives these syndromes, if one does. */
function locate(first: number, second: number, third: number): number | undefined {
  if (first === 0 || second === 0 || third === 0) return undefined;
  let power = 1;
  for (let place = 0; place < LENGTH; place++) {
    if (times(first, power) === second && times(second, power) === third) return Math.floor((LENGTH - 1 - place) / GROUP) + 1;
    power = times(power, 2);
  }
  return undefined;
}
