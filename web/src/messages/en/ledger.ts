import { number, plural } from '$lib/language.svelte';

const states = { active: 'active', queued: 'queued', available: 'left', released: 'released', ended: 'ended', revoked: 'revoked' };

export const ledger = {
  keys: 'License keys',
  key: 'License key',
  keysOf: 'All license keys',
  openKey: (key: string) => `License key ${key}`,
  search: 'Search key, order or e-mail address',
  filter: 'Licenses that are',
  all: 'All',
  states,
  sum: (licenses: number, parts: { state: keyof typeof states; count: number }[]) =>
    `${number(licenses)} = ${parts.map(({ state, count }) => `${number(count)} ${states[state]}`).join(' + ')}`,
  columns: { key: 'License key', term: 'Term', added: 'Added', licenses: 'Licenses', expires: 'Expire', number: 'No.', state: 'State', sensor: 'Sensor', dates: 'From – to' },
  addedBy: (by: string) => `by ${by}`,
  order: 'Order',
  revokedOn: (date: string) => `Revoked on ${date}`,
  none: 'No license key yet',
  noneText: 'Add the activation code of an order, and its license key stands here.',
  noneFound: 'Nothing was found',
  noneFoundText: 'No license key fits this.',
  addCode: 'Open the License Manager',
  more: 'Show more',
  licenses: 'Its licenses',
  noLicenses: 'None of its licenses is in this state.',
  inPool: 'in the pool',
  removedSensor: 'removed',
  history: 'History',
  moreHistory: 'Show older entries',
  shown: (count: number) => plural(count, { one: '# license key is shown', other: '# license keys are shown' }),

  // A sensor's time line
  firstDay: (date: string) => `From the first day, ${date}, on`,
  noCover: 'No cover',
  standings: { active: 'Active', queued: 'Queued', ended: 'Ended', released: 'Released', revoked: 'Revoked', taken_back: 'Taken back' },
  points: { added: 'Added', replaced: 'Replaced', removed: 'Removed', brought_back: 'Brought back' },
  began: {
    assigned: (by: string) => (by ? `Given by ${by}` : 'Given by hand'),
    auto_renewal: () => 'Auto renewal',
    queue: () => 'From the queue',
    came_back: () => 'Came back with the sensor',
    rest_given: (by: string) => (by ? `Rest of another sensor, given by ${by}` : 'Rest of another sensor'),
  },
  gaps: {
    unlicensed: 'It had no license',
    no_license_left: 'No license was left',
    auto_renewal_off: 'Auto renewal was off',
    taken_back: 'The license was taken back',
    revoked: 'The license was revoked',
    removed: 'It was removed',
  },
  since: (date: string) => `since ${date}`,
  becomes: (before: string, after: string) => `${before} → ${after}`,
  by: (who: string) => `by ${who}`,
};
