/** What of the set-up is done: read off the organization's facts, never stored. */
import { summary } from '$api/licenses';
import { resource } from '$lib/resource.svelte';
import { session } from '$lib/session.svelte';

export interface Facts {
  hasCode: boolean;
  hasSensor: boolean;
  licensesLeft: number;
}

/** For those who may add codes and sensors; others have nothing to set up. */
export function setUpFacts() {
  return resource(
    () => (session.membership && session.may('manage_sensors') && session.may('manage_licenses') ? session.membership.id : null),
    async (id, signal): Promise<Facts> => {
      const { keys, sensors, licenses_left } = await summary(id, signal);
      return {
        hasCode: keys.length > 0,
        hasSensor: sensors.covered + sensors.expiring + sensors.expired + sensors.unlicensed > 0,
        licensesLeft: licenses_left,
      };
    },
  );
}
