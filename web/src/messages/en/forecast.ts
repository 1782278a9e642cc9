import { list, number, plural } from '$lib/language.svelte';

const sensors = (count: number) => plural(count, { one: '# sensor', other: '# sensors' });
const licensesOf = (count: number) => plural(count, { one: '# license', other: '# licenses' });
const every = (all: boolean) => (all ? 'every sensor' : 'every sensor with auto renewal');
const by = (day: string | undefined) => (day === undefined ? 'now' : `by ${day}`);

export const forecast = {
  title: 'Forecast',
  link: 'Forecast',
  see: 'See the forecast',

  // The sentence
  buy: (count: number, day: string | undefined) => `${licensesOf(count)} ${by(day)}`,
  buyMore: (count: number, day: string | undefined) => `${number(count)} more ${by(day)}`,
  buyLater: (count: number, day: string) => `${number(count)} more until ${day}`,
  keeps: (parts: string[], count: number, all: boolean, until: string) =>
    `${list(parts)} ${count === 1 ? 'keeps' : 'keep'} ${every(all)} covered until ${until}.`,
  nothingToBuy: (all: boolean, until: string) => `Nothing to buy: the licenses at hand keep ${every(all)} covered until ${until}.`,
  nothingEnds: (until: string) => `Nothing to buy: no sensor’s cover ends before ${until}.`,
  stopsToo: (count: number) => `${sensors(count)} ${count === 1 ? 'stops' : 'stop'}, because auto renewal is off.`,
  waiting: (count: number) => `${sensors(count)} ${count === 1 ? 'has' : 'have'} expired and ${count === 1 ? 'waits' : 'wait'} for a license.`,
  purchases: 'What to buy, by date',
  allDates: (count: number) => `All ${number(count)} dates`,
  buyAt: (day: string | undefined, count: number, all: number) => `${day === undefined ? 'Now' : `By ${day}`}: ${licensesOf(count)}; ${number(all)} in all`,
  inAll: (count: number) => `${licensesOf(count)} in all.`,
  ofTerm: 'Counted in licenses of',

  // The period
  period: 'How far ahead',
  periods: { '6m': '6 months', '1y': '1 year', '2y': '2 years', '3y': '3 years' },
  untilDate: 'Until …',
  until: 'Until',
  untilWrong: (first: string, last: string) => `A date from ${first} to ${last}.`,
  show: 'Show',

  // The months
  months: 'What ends, month by month',
  figures: 'Figures',
  renews: 'Renewed from the pool',
  goesWithout: 'Go without a license',
  stops: 'Stop: auto renewal is off',
  left: 'Licenses left',
  nothingDone: 'If nothing is done',
  withSteps: 'With these steps',
  noEnds: 'Nothing ends in this time.',
  ofMonth: (month: string, ends: number, left: number, covered: number) =>
    `${month}: ${ends === 0 ? 'nothing ends' : `${sensors(ends)} ${ends === 1 ? 'ends' : 'end'}`}; then ${licensesOf(left)} left, ${sensors(covered)} covered`,
  pointAt: 'Point at a month to read it.',
  columns: {
    month: 'Month',
    ends: 'End',
    renews: 'Renewed',
    queue: 'Next in queue',
    goesWithout: 'Go without',
    stops: 'Stop',
    left: 'Licenses left',
    covered: 'Covered',
  },
  was: (count: number) => `was ${number(count)}`,

  // Who
  who: 'Which sensors',
  outcomes: { goes_without: 'Go without', stops: 'Stop', renews: 'Renewed', all: 'All that end' },
  outcome: { goes_without: 'goes without', stops: 'stops', renews: 'renewed' },
  search: 'Search name or serial number',
  sensor: 'Sensor',
  expires: 'Expires on',
  takes: 'What happens',
  renewed: (term: string, on: string, until: string, key: string | undefined) => `takes ${term} on ${on}, until ${until}${key ? `, key ${key}` : ''}`,
  renewedMore: (count: number, until: string) => `and ${number(count)} more, until ${until}`,
  without: (on: string) => `no license is left for it on ${on}`,
  stopsOn: (on: string) => `stops on ${on}: auto renewal is off`,
  none: {
    goes_without: 'No sensor goes without',
    stops: 'No sensor stops',
    renews: 'No sensor is renewed in this time',
    all: 'No sensor’s cover ends in this time',
  },
  noneText: (until: string) => `Looked at until ${until}.`,
  nothingFound: (search: string) => `Nothing found for “${search}”`,
  more: 'Show more',
  shown: (count: number) => `${sensors(count)} shown`,
  emptyTitle: 'There is nothing to foresee yet',
  emptyText: 'Once sensors have licenses, this page shows when they end, who is renewed, and what to buy.',
  toManager: 'To the License Manager',

  // What if
  whatIf: 'What if …',
  whatIfText: 'Try steps before you take them. Nothing is changed here: they are only played in this forecast.',
  inLink: 'The steps are in the address of this page, so that you can send them to a colleague.',
  tooLong: 'These steps are too many for a link. They stay in this browser tab.',
  addStep: 'Add a step',
  clear: 'Clear all steps',
  steps: 'Steps, in their order',
  removeStep: (step: string) => `Remove this step: ${step}`,
  compared: (before: number, after: number) =>
    before === after
      ? `As without these steps, ${after === 0 ? 'no sensor' : sensors(after)} ${after <= 1 ? 'goes' : 'go'} without.`
      : `${after === 0 ? 'No sensor' : sensors(after)} ${after <= 1 ? 'goes' : 'go'} without, instead of ${number(before)}.`,
  saved: (count: number) => `${number(count)} ${count === 1 ? 'keeps its' : 'keep their'} cover.`,
  lost: (count: number) => `${number(count)} ${count === 1 ? 'loses its' : 'lose their'} cover.`,
  verbs: {
    redeem: 'Add an activation code',
    on: 'Switch auto renewal on',
    off: 'Switch auto renewal off',
    assign: 'Give sensors a license each',
    remove: 'Remove sensors',
    replace: 'Replace a sensor',
  },
  told: {
    redeem: (count: number, term: string) => `Add ${licensesOf(count)} of ${term}`,
    on: (who: string) => `Auto renewal on: ${who}`,
    off: (who: string) => `Auto renewal off: ${who}`,
    assign: (who: string, key: string | undefined) => `A license${key ? ` of key ${key}` : ''} for ${who}`,
    remove: (who: string) => `Remove ${who}`,
    replace: (who: string, serial: string) => `Replace ${who} by ${serial}`,
  },
  whoMany: (name: string, more: number) => (more > 0 ? `${name} and ${number(more)} more` : name),
  someSensors: (count: number) => sensors(count),
  howMany: 'How many licenses',
  countWrong: (most: number) => `A whole number from 1 to ${number(most)}.`,
  termOfEach: 'Term of each',
  termWrong: 'A whole number, for a term of at most 100 years.',
  unit: 'Unit',
  units: { Y: 'years', M: 'months', W: 'weeks', D: 'days' },
  which: 'Which sensors',
  sets: { chosen: 'Those I choose', goes_without: 'All that go without', stops: 'All that stop', listed: 'All in the list below' },
  setCounted: (count: number, most: number) => (count >= most ? `The first ${number(most)} of them.` : `${sensors(count)}.`),
  setNone: 'There are none.',
  chooseSome: 'Choose at least one sensor.',
  chooseOne: 'Choose one sensor.',
  atMost: (most: number) => `At most ${number(most)} sensors in a step.`,
  key: 'License key',
  oldest: 'The oldest license first',
  keyLeft: (key: string, left: number) => `${key}, ${number(left)} left`,
  serial: 'New serial number',
  serialWrong: '12 hexadecimal digits (0 to 9, a to f).',
  replaceText: 'A replacement takes the licenses over, with their dates. No date changes.',
  removeText: 'Queued licenses of a removed sensor go back to the pool; the active one runs on without a sensor.',
  add: 'Add the step',
};
