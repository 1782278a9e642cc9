/** What a row says in words; the same in the table and on the cards. */
import type { Row } from '$api/licenses';
import { dateOf, longDate, shortDate, term } from '$lib/dates';
import { shortKey } from '$lib/code';
import { t } from '$lib/i18n.svelte';

export type Tone = 'ok' | 'warn' | 'bad' | 'plain';

/** How a sensor stands, in a word or two, and the tone and shape of its tag. */
export function standing(row: Row): { tone: Tone; text: string } {
  switch (row.standing) {
    case 'covered':
      return { tone: 'ok', text: t.licenses.covered };
    case 'expiring':
      return { tone: 'warn', text: (row.days_remaining ?? 1) <= 0 ? t.licenses.expiresToday : t.licenses.days(row.days_remaining ?? 0) };
    case 'expired':
      return { tone: 'bad', text: t.licenses.expired };
    case 'unlicensed':
      return { tone: 'plain', text: t.licenses.unlicensed };
  }
}

/** What a person should know of the row beside its dates, if anything. */
export function remark(row: Row): string | undefined {
  if (row.standing === 'expired' || row.standing === 'unlicensed') return row.auto_renewal ? t.licenses.waits : t.licenses.renewalIsOff;
  if (row.at_end === 'renews') return t.licenses.renews;
  if (row.at_end === 'no_license') return t.licenses.noLicense;
  if (row.at_end === 'stops') return t.licenses.stops;
  return undefined;
}

/** Whether the remark is one to act upon. */
export function urgent(row: Row): boolean {
  return row.at_end === 'no_license' || (row.standing === 'expired' && row.auto_renewal);
}

export interface Line {
  kind: 'refused' | 'queued';
  text: string;
}

/**
 * What stands under the row: how many messages were refused (R27), and “then 1 year from 22 Nov 2028, key 7KQ2M-…-X9TD4” for each
 * queued license, of which the third speaks for all that follow.
 */
export function linesUnder(row: Row): Line[] {
  const lines: Line[] = [];
  if (refuses(row)) {
    const since = row.refused_since ? shortDate(dateOf(row.refused_since)) : undefined;
    lines.push({ kind: 'refused', text: t.licenses.refused(row.refused_messages, since) });
  }
  for (const queued of row.queued.slice(0, row.queued.length > 3 ? 2 : 3)) {
    lines.push({ kind: 'queued', text: t.licenses.then(term(queued.term), shortDate(queued.activation_date), shortKey(queued.key)) });
  }
  const last = row.queued.at(-1);
  if (row.queued.length > 3 && last) lines.push({ kind: 'queued', text: t.licenses.thenMore(row.queued.length - 2, shortDate(last.expires_on)) });
  return lines;
}

/** How many lines stand under the row, for its height. */
export function countUnder(row: Row): number {
  return Math.min(row.queued.length, 3) + (refuses(row) ? 1 : 0);
}

function refuses(row: Row): boolean {
  return row.refused_messages > 0 && (row.standing === 'expired' || row.standing === 'unlicensed');
}

/** “Fridge 1, Fridge 2 and 3 more”, for sentences with names. */
export function names(sensors: { name: string }[], count: number, most = 3): string {
  const shown = sensors.slice(0, count > most ? most - 1 : most).map(({ name }) => name);
  return t.licenses.names(shown, count - shown.length);
}

/** The first of their dates, and whether there are later ones: what sentences with a date are made of. */
export function when(sensors: { on: string }[]): [on: string, first: boolean] {
  const dates = sensors.map(({ on }) => on).sort();
  return [dates[0] ? longDate(dates[0]) : '', dates[0] !== dates.at(-1)];
}
