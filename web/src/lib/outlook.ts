/** What the next mails on licenses will say, in sentences. */
import type { ComingMail, Outlook } from '$api/notices';
import { dateOf, longDate, longMoment } from './dates';
import { t } from './i18n.svelte';

/** “3 sensors expire on 21 December 2028; 1 finds no license, 2 are renewed by themselves”. */
export function says({ kind, at, sensors, first_expires_on: first, last_expires_on: last, no_license, stops, renews }: ComingMail, zone: string): string {
  const day = dateOf(at, zone);
  const past = kind === 'expiration_day' && last < day;
  const on = first !== last ? t.notices.fromTo(longDate(first), longDate(last)) : first === day ? t.notices.thatDay : t.notices.on(longDate(first));
  // What needs somebody comes first.
  const outcomes = [
    no_license > 0 && t.notices.finds(no_license, sensors),
    stops > 0 && t.notices.stops(stops, sensors),
    renews > 0 && t.notices.renews(renews, sensors),
  ].filter((text) => text !== false);
  return [past ? t.notices.stopped(sensors, on) : t.notices.expire(sensors, on), ...(outcomes.length ? [outcomes.join(', ')] : [])].join('; ');
}

/** The sentence on the next mail, or undefined when none is due. */
export function nextMail({ next, recipients, mail_by_smtp }: Outlook, zone: string): string | undefined {
  const mail = next[0];
  if (!mail) return undefined;
  return t.notices.next(longMoment(mail.at, zone), mail_by_smtp ? t.notices.toPeople(recipients) : t.notices.intoFolder, says(mail, zone));
}

/** How many licenses the pool lacks for what is due, and until when; undefined when it has enough. */
export function missing({ pool_low }: Outlook): { count: number; until: string } | undefined {
  const count = pool_low.needed - pool_low.licenses_left;
  return pool_low.low && count > 0 ? { count, until: pool_low.until } : undefined;
}

/** Whether the pool has what the next renewals need, in a sentence. */
export function poolSays({ pool_low: { low, needed, licenses_left: left, until } }: Outlook): string {
  const by = longDate(until);
  if (!low) return t.notices.enough(needed, left, by);
  return left === 0 ? t.notices.noneLeft(needed, by) : t.notices.low(needed, left, by);
}
