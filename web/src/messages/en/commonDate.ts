import { number, plural } from '$lib/language.svelte';

const sensors = (count: number) => plural(count, { one: '# sensor', other: '# sensors' });
const licensesOf = (count: number) => plural(count, { one: '# license', other: '# licenses' });
const days = (count: number) => plural(count, { one: '# day', other: '# days' });

export const commonDate = {
  title: 'Common date',
  open: 'Common date …',
  lead: 'Brings the ends of these sensors’ cover as near to one date as whole licenses can. It adds licenses, and never shortens one.',
  steps: ['Sensors', 'Date', 'Preview'],
  stepOf: (place: number, of: number, name: string) => `Step ${place} of ${of}: ${name}`,
  which: 'Which sensors',
  selected: (count: number) => (count === 1 ? 'The selected sensor' : `The ${sensors(count)} that are selected`),
  ending: (until: string) => `All whose cover ends by ${until}`,
  choose: 'Those I choose',
  counted: (count: number, most: number) => (count >= most ? `The first ${number(most)}: more are not brought to a date at once.` : sensors(count)),
  none: 'No sensor’s cover ends in this time. Choose others.',
  date: 'Date',
  within: (count: number) => (count === 0 ? 'All end on one day.' : `All end within ${days(count)} of each other.`),
  costs: (count: number) => `Takes ${licensesOf(count)}.`,
  uncovered: (count: number) => `${sensors(count)} ${count === 1 ? 'stays' : 'stay'} without cover.`,
  own: 'Another date',
  ownDate: 'All end around',
  dateWrong: 'Choose a date in the future.',
  noDates: 'With the licenses at hand no date brings these ends nearer to each other. Enter a date, or choose other sensors.',
  key: 'License key',
  anyKey: 'Whatever fits best',
  spread: (before: number, after: number) =>
    before === after ? `The ends lie ${days(before)} apart, before and after.` : `The ends lie ${days(before)} apart now, and ${days(after)} then.`,
  gain: (count: number, after: number) =>
    `${sensors(count)} without cover ${count === 1 ? 'gets' : 'get'} it; then the ends lie ${days(after)} apart.`,
  needs: (count: number, left: number) =>
    count === 0 ? 'No license is needed.' : `${licensesOf(count)} ${count === 1 ? 'is' : 'are'} queued; then ${number(left)} ${left === 1 ? 'is' : 'are'} left.`,
  short: (count: number) => `${licensesOf(count)} ${count === 1 ? 'is' : 'are'} missing to bring all of them near. Add an activation code, or queue what is there.`,
  nothing: 'Nothing brings these ends nearer to the date: with any license at hand they would lie further from it.',
  whole: 'Only whole licenses are queued; with those at hand no end can come nearer to the date.',
  plan: 'What is queued on each sensor',
  sensor: 'Sensor',
  licenses: 'Licenses',
  newEnd: 'New end',
  stays: 'stays as it is',
  noCover: 'no cover now',
  on: 'on the date',
  before: (count: number) => `${days(count)} before`,
  after: (count: number) => `${days(count)} after`,
  takes: (count: number, term: string) => `${number(count)} × ${term}`,
  further: (count: number) => `and ${sensors(count)} more`,
  showAll: 'Show all',
  showMore: (count: number) => `Show ${number(count)} more`,
  goesWithout: (names: string, on: string, first: boolean) => `Because of it, ${names} will go without a license${first ? `, the first on ${on}` : ` on ${on}`}.`,
  confirm: (count: number) => `Queue ${licensesOf(count)}`,
  changed: (count: number) =>
    count === 0
      ? 'Something has changed meanwhile, but nothing for these sensors. Look again, and confirm.'
      : `Something has changed meanwhile: for ${sensors(count)} the plan is another one than you saw. Look again, and confirm.`,
  differs: 'changed',
  done: (count: number, date: string) => `${licensesOf(count)} ${count === 1 ? 'is' : 'are'} queued; the ends lie around ${date} now.`,
};
