/** Alerts and rules in words. */
import type { Alert, Condition } from '$api/alerts';
import { channelName, isBinary, reading, states } from '$lib/channels';
import { t } from '$lib/i18n.svelte';
import { plural } from '$lib/language.svelte';

/** A length of time in its two largest units: “2 days 3 hours”. */
export function long(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 6e4));
  const parts = [
    [Math.floor(minutes / 1440), 'day'],
    [Math.floor((minutes % 1440) / 60), 'hour'],
    [minutes % 60, 'minute'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => plural(count, t.alerts.lengths[unit]))
    .join(' ');
}

/** “Temperature above 8.0 °C”. */
export function conditionWords(condition: Condition): string {
  switch (condition.kind) {
    case 'above':
    case 'below': {
      const what = channelName(condition.channel_type);
      if (isBinary(condition.channel_type)) return t.alerts.isState(what, states(condition.channel_type)[condition.kind === 'above' ? 1 : 0]);
      return t.alerts[condition.kind](what, reading(condition.channel_type, condition.threshold, 2));
    }
    case 'low_battery':
      return t.alerts.lowBattery;
    case 'lost_connection':
      return t.alerts.lost(long(condition.after_minutes * 6e4));
  }
}

/** The value of an alert that was farthest beyond the threshold, in words. */
export function worst({ condition, worst_value }: Alert): string {
  if (worst_value == null || !('channel_type' in condition) || isBinary(condition.channel_type)) return '';
  return t.alerts.worst(reading(condition.channel_type, worst_value, 1));
}

/** The address of the sensor's chart around the alert. */
export function chartAddress(alert: Alert, now: number): string {
  const opened = Date.parse(alert.opened_at);
  const closed = alert.closed_at ? Date.parse(alert.closed_at) : now;
  const room = Math.max(36e5, (closed - opened) * 0.5);
  // The last message before the silence belongs into the picture.
  const silence = alert.condition.kind === 'lost_connection' ? alert.condition.after_minutes * 6e4 : 0;
  const at = (ms: number): string => new Date(Math.round(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
  return `/sensors/${alert.sensor_id}?from=${at(opened - silence - room)}&to=${at(Math.min(now, closed + room))}`;
}
