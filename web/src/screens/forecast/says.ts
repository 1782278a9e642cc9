/** The forecast in a sentence: what to buy and by when, or that there is nothing to buy. */
import type { Forecast } from '$api/forecast';
import { longDate } from '$lib/dates';
import { t } from '$lib/i18n.svelte';
import { total } from './months';

/** So many purchases are told one by one; of more, the last are told together. */
export const TOLD = 3;

export interface Said {
  tone: 'ok' | 'warn';
  first: string;
  /** What else there is to know. */
  more: string | undefined;
}

export function says({ to_buy, from, until, months, waiting }: Forecast): Said {
  const sums = total(months);
  const all = sums.stops === 0;
  const end = longDate(until);
  const more = [waiting > 0 && t.forecast.waiting(waiting), sums.stops > 0 && t.forecast.stopsToo(sums.stops)].filter(Boolean).join(' ') || undefined;
  const last = to_buy.at(-1);
  if (!last) return { tone: sums.stops > 0 ? 'warn' : 'ok', first: sums.ends === 0 ? t.forecast.nothingEnds(end) : t.forecast.nothingToBuy(all, end), more };
  const told = to_buy.length > TOLD ? to_buy.slice(0, TOLD - 1) : to_buy;
  const parts = told.map(({ licenses, by }, place) => {
    // For those that wait already.
    const day = by <= from ? undefined : longDate(by);
    return place === 0 ? t.forecast.buy(licenses, day) : t.forecast.buyMore(licenses, day);
  });
  const rest = last.cumulative - (told.at(-1)?.cumulative ?? 0);
  if (rest > 0) parts.push(t.forecast.buyLater(rest, longDate(last.by)));
  return { tone: 'warn', first: t.forecast.keeps(parts, last.cumulative, all, end), more };
}
