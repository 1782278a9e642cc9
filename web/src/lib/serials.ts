/** Serial numbers as people type and paste them. */

/** The serial number without what people put between its digits: `28:2C:02:42:4E:ED` is `282c02424eed`. */
export function plainSerial(text: string): string {
  return text.replace(/[\s:._\-‐-―−]/gu, '').toLowerCase();
}

/** What is wrong with it so far: a sign that is no hexadecimal digit, how many digits are missing or too many; or nothing. */
type SerialFault = { strange: string } | { missing: number } | { surplus: number } | undefined;

export function serialFault(text: string): SerialFault {
  const plain = plainSerial(text);
  const strange = plain.match(/[^0-9a-f]/)?.[0];
  if (strange) return { strange: strange.toUpperCase() };
  if (plain.length < 12) return { missing: 12 - plain.length };
  if (plain.length > 12) return { surplus: plain.length - 12 };
  return undefined;
}

export interface Line {
  /** Its place in the text, from 1. */
  at: number;
  /** As it was written when it is malformed. */
  serial: string;
  name?: string;
  /** What is wrong with it before anybody is asked. */
  fault?: 'malformed' | 'twice' | undefined;
}

function cells(line: string): string[] {
  const separator = ['\t', ';', ','].find((mark) => line.includes(mark));
  const parts = separator ? line.split(separator) : /^\s*([0-9a-f][0-9a-f:.-]{11,})\s+(\S.*)$/i.exec(line)?.slice(1) ?? [line];
  return parts.map((cell) => cell.trim().replace(/^"(.*)"$/, '$1').replaceAll('""', '"').trim());
}

/**
 * A list of sensors: a serial number per line, and a name after a comma, semicolon, tab or space. Empty lines are passed over, and
 * so is a heading: a first line of several cells, whose first holds no digit.
 */
export function readList(text: string): Line[] {
  const seen = new Set<string>();
  const lines: Line[] = [];
  text.split(/\r\n|\r|\n/).forEach((line, index) => {
    const [first = '', ...rest] = cells(line);
    if (!first && !rest.some(Boolean)) return;
    const serial = plainSerial(first);
    const malformed = serialFault(serial) !== undefined;
    if (lines.length === 0 && rest.length > 0 && malformed && !/\d/.test(first)) return;
    const name = rest.find(Boolean);
    const fault = malformed ? 'malformed' : seen.has(serial) ? 'twice' : undefined;
    seen.add(serial);
    lines.push({ at: index + 1, serial: malformed ? first : serial, ...(name ? { name } : {}), fault });
  });
  return lines;
}
