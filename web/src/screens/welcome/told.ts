import type { Addition } from '$api/sensors';
import { shortDate, term } from '$lib/dates';
import { Problem } from '$lib/problem';
import { t } from '$lib/i18n.svelte';
import type { Line } from '$lib/serials';

export interface Told {
  good: boolean;
  text: string;
}

/** What would become of a line, in a sentence; undefined while nobody has been asked. */
export function tell(line: Line | undefined, outcome: Addition | undefined): Told | undefined {
  if (!line) return undefined;
  if (line.fault === 'malformed') return { good: false, text: t.refusals.serial_malformed };
  if (line.fault === 'twice') return { good: false, text: t.welcome.twice };
  if (!outcome) return undefined;
  if (outcome.outcome === 'takes_license') {
    const known = outcome.term && outcome.expires_on;
    return { good: true, text: known ? t.welcome.takes(term(outcome.term!), shortDate(outcome.expires_on!)) : t.welcome.takesOne };
  }
  if (outcome.outcome === 'comes_back') {
    return { good: true, text: outcome.expires_on ? t.welcome.comesBackUntil(shortDate(outcome.expires_on)) : t.welcome.comesBack };
  }
  return { good: false, text: new Problem(outcome.outcome, 409, outcome.detail ?? '').sentence };
}
