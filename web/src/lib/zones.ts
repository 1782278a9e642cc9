/** The IANA time zones that the browser knows, with the words by which they are found. */
import { current } from './language.svelte';

/** The browser's own zone, as a first guess. */
export function guessedZone(): string {
  const guess = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return !guess || guess === 'UTC' || guess.startsWith('Etc/') ? 'UTC' : guess;
}

/** `America/Argentina/Buenos_Aires` as people write it: “Buenos Aires”. */
export function city(zone: string): string {
  return (zone.split('/').at(-1) ?? zone).replaceAll('_', ' ');
}

const offsets = new Map<string, string>();

/** “GMT+1”, today. */
export function offset(zone: string, now: Date): string {
  let text = offsets.get(zone);
  if (text === undefined) {
    try {
      const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'shortOffset' }).formatToParts(now);
      text = (parts.find(({ type }) => type === 'timeZoneName')?.value ?? '').replace('GMT', 'UTC').replace('-', '−');
    } catch {
      text = '';
    }
    offsets.set(zone, text);
  }
  return text;
}

export interface Zone {
  id: string;
  words: string;
}

const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

const kept = new Map<string, Zone[]>();

/** All zones, in the order of their names. The words also hold the long name in the language in use. */
function allZones(): Zone[] {
  const { locale } = current;
  let zones = kept.get(locale);
  if (!zones) {
    const ids = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((id) => id.includes('/') && !id.startsWith('Etc/'))];
    zones = ids.map((id) => {
      const long = new Intl.DateTimeFormat(locale, { timeZone: id, timeZoneName: 'longGeneric' }).formatToParts(0);
      return { id, words: plain(`${id.replaceAll(/[/_]/g, ' ')} ${long.find(({ type }) => type === 'timeZoneName')?.value ?? ''} ${id}`) };
    });
    kept.set(locale, zones);
  }
  return zones;
}

/** The zones that hold every word of the text. Those whose place begins with it come first. */
export function findZones(text: string): Zone[] {
  const words = plain(text).replaceAll(/[/_]/g, ' ').split(/\s+/).filter(Boolean);
  if (!words.length) return allZones();
  const found = allZones().filter((zone) => words.every((word) => zone.words.includes(word)));
  const begins = (zone: Zone) => Number(plain(city(zone.id)).startsWith(words[0]!));
  return found.sort((a, b) => begins(b) - begins(a));
}

/** The first instant of a local date in a zone. */
export function dayStart(date: string, zone: string): string {
  const wanted = Date.parse(`${date}T00:00:00Z`);
  const local = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  // How far the zone's clock is ahead at an instant; found in two steps, as the first guess may lie on the other side of a change.
  const ahead = (instant: number) => Date.parse(`${local.format(instant).replace(' ', 'T')}Z`) - instant;
  let instant = wanted - ahead(wanted);
  instant = wanted - ahead(instant);
  return new Date(instant).toISOString().replace('.000Z', 'Z');
}
