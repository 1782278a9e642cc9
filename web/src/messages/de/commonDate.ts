import { number, plural } from '$lib/language.svelte';
import type { Messages } from '../en';

const sensors = (count: number) => plural(count, { one: '# Sensor', other: '# Sensoren' });
const licensesOf = (count: number) => plural(count, { one: '# Lizenz', other: '# Lizenzen' });
const days = (count: number) => plural(count, { one: '# Tag', other: '# Tage' });
const ofDays = (count: number) => plural(count, { one: '# Tag', other: '# Tagen' });

export const commonDate: Messages['commonDate'] = {
  title: 'Gemeinsames Datum',
  open: 'Gemeinsames Datum …',
  lead: 'Bringt das Ende der Lizenzen dieser Sensoren so nah an ein Datum, wie ganze Lizenzen es erlauben. Es kommen Lizenzen hinzu, keine wird verkürzt.',
  steps: ['Sensoren', 'Datum', 'Vorschau'],
  stepOf: (place, of, name) => `Schritt ${place} von ${of}: ${name}`,
  which: 'Welche Sensoren',
  selected: (count) => (count === 1 ? 'Der ausgewählte Sensor' : `Die ${sensors(count)}, die ausgewählt sind`),
  ending: (until) => `Alle, deren Lizenz bis ${until} endet`,
  choose: 'Die ich auswähle',
  counted: (count, most) => (count >= most ? `Die ersten ${number(most)}: Mehr geht nicht auf einmal.` : sensors(count)),
  none: 'In dieser Zeit endet bei keinem Sensor die Lizenz. Wählen Sie andere.',
  date: 'Datum',
  within: (count) => (count === 0 ? 'Alle enden am selben Tag.' : `Alle enden innerhalb von ${count === 1 ? 'einem Tag' : ofDays(count)}.`),
  costs: (count) => `Kostet ${licensesOf(count)}.`,
  uncovered: (count) => `${sensors(count)} ${count === 1 ? 'bleibt' : 'bleiben'} ohne Lizenz.`,
  own: 'Ein anderes Datum',
  ownDate: 'Alle enden um den',
  dateWrong: 'Wählen Sie ein Datum in der Zukunft.',
  noDates: 'Mit den freien Lizenzen bringt kein Datum diese Enden näher zueinander. Geben Sie ein Datum ein, oder wählen Sie andere Sensoren.',
  key: 'Lizenzschlüssel',
  anyKey: 'Was am besten passt',
  spread: (before, after) =>
    before === after ? `Die Enden liegen ${days(before)} auseinander, vorher wie nachher.` : `Die Enden liegen jetzt ${days(before)} auseinander, danach ${days(after)}.`,
  gain: (count, after) => `${sensors(count)} ohne Lizenz ${count === 1 ? 'bekommt' : 'bekommen'} eine; danach liegen die Enden ${days(after)} auseinander.`,
  needs: (count, left) =>
    count === 0 ? 'Keine Lizenz wird gebraucht.' : `${licensesOf(count)} ${count === 1 ? 'wird' : 'werden'} eingereiht; danach ${left === 1 ? 'ist' : 'sind'} ${number(left)} frei.`,
  short: (count) => `Um alle heranzubringen, ${count === 1 ? 'fehlt' : 'fehlen'} ${licensesOf(count)}. Fügen Sie einen Aktivierungscode hinzu, oder reihen Sie ein, was da ist.`,
  nothing: 'Nichts bringt diese Enden dem Datum näher: Mit jeder freien Lizenz lägen sie weiter davon weg.',
  whole: 'Nur ganze Lizenzen werden eingereiht; mit den freien kann kein Ende dem Datum näher kommen.',
  plan: 'Was bei jedem Sensor eingereiht wird',
  sensor: 'Sensor',
  licenses: 'Lizenzen',
  newEnd: 'Neues Ende',
  stays: 'bleibt, wie es ist',
  noCover: 'jetzt ohne Lizenz',
  on: 'am Datum',
  before: (count) => `${days(count)} davor`,
  after: (count) => `${days(count)} danach`,
  takes: (count, term) => `${number(count)} × ${term}`,
  further: (count) => `und ${sensors(count)} mehr`,
  showAll: 'Alle anzeigen',
  showMore: (count) => `${number(count)} weitere anzeigen`,
  goesWithout: (names, on, first) => `Dadurch bleiben ohne Lizenz: ${names}${first ? `, der erste am ${on}` : `, am ${on}`}.`,
  confirm: (count) => `${licensesOf(count)} einreihen`,
  changed: (count) =>
    count === 0
      ? 'Inzwischen hat sich etwas geändert, aber nichts bei diesen Sensoren. Sehen Sie noch einmal hin, und bestätigen Sie.'
      : `Inzwischen hat sich etwas geändert: Bei ${count === 1 ? 'einem Sensor' : sensors(count)} ist der Plan ein anderer, als Sie gesehen haben. Sehen Sie noch einmal hin, und bestätigen Sie.`,
  differs: 'geändert',
  done: (count, date) => `${licensesOf(count)} ${count === 1 ? 'ist' : 'sind'} eingereiht; die Enden liegen jetzt um den ${date}.`,
};
