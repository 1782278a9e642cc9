import { number, plural } from '$lib/language.svelte';
import type { Messages } from '../en';

const sensors = (count: number) => plural(count, { one: '# czujnik', few: '# czujniki', many: '# czujników', other: '# czujnika' });
const ofSensors = (count: number) => plural(count, { one: '# czujnika', few: '# czujników', many: '# czujników', other: '# czujnika' });
const licensesOf = (count: number) => plural(count, { one: '# licencja', few: '# licencje', many: '# licencji', other: '# licencji' });
const addLicenses = (count: number) => plural(count, { one: '# licencję', few: '# licencje', many: '# licencji', other: '# licencji' });
const days = (count: number) => plural(count, { one: '# dzień', few: '# dni', many: '# dni', other: '# dnia' });
const ofDays = (count: number) => plural(count, { one: '# dnia', few: '# dni', many: '# dni', other: '# dnia' });

export const commonDate: Messages['commonDate'] = {
  title: 'Wspólna data',
  open: 'Wspólna data …',
  lead: 'Zbliża końce licencji tych czujników do jednej daty tak bardzo, jak pozwalają na to całe licencje. Dodaje licencje, żadnej nie skraca.',
  steps: ['Czujniki', 'Data', 'Podgląd'],
  stepOf: (place, of, name) => `Krok ${place} z ${of}: ${name}`,
  which: 'Które czujniki',
  selected: (count) => (count === 1 ? 'Zaznaczony czujnik' : `Zaznaczone: ${sensors(count)}`),
  ending: (until) => `Wszystkie, którym licencja kończy się do ${until}`,
  choose: 'Wybrane teraz',
  counted: (count, most) => (count >= most ? `Pierwsze ${number(most)}: więcej naraz się nie da.` : sensors(count)),
  none: 'W tym czasie żadnemu czujnikowi nie kończy się licencja. Wybierz inne.',
  date: 'Data',
  within: (count) => (count === 0 ? 'Wszystkie kończą się jednego dnia.' : `Wszystkie kończą się w ciągu ${ofDays(count)}.`),
  costs: (count) => `Potrzeba: ${licensesOf(count)}.`,
  uncovered: (count) => `Bez licencji zostaje: ${sensors(count)}.`,
  own: 'Inna data',
  ownDate: 'Wszystkie kończą się około',
  dateWrong: 'Wybierz datę w przyszłości.',
  noDates: 'Z wolnymi licencjami żadna data nie zbliży tych końców do siebie. Wpisz datę albo wybierz inne czujniki.',
  key: 'Klucz licencji',
  anyKey: 'Co pasuje najlepiej',
  spread: (before, after) =>
    before === after ? `Końce dzieli ${days(before)}, przed i po.` : `Końce dzieli teraz ${days(before)}, potem ${days(after)}.`,
  gain: (count, after) =>
    `${sensors(count)} bez licencji ${plural(count, { one: 'ją dostanie', few: 'ją dostaną', many: 'ją dostanie', other: 'ją dostanie' })}; potem końce dzieli ${days(after)}.`,
  needs: (count, left) => (count === 0 ? 'Nie potrzeba żadnej licencji.' : `Do kolejki: ${licensesOf(count)}; potem wolne: ${number(left)}.`),
  short: (count) => `Aby zbliżyć wszystkie, brakuje: ${licensesOf(count)}. Dodaj kod aktywacyjny albo dodaj do kolejki to, co jest.`,
  nothing: 'Nic nie zbliży tych końców do daty: z każdą wolną licencją byłyby od niej dalej.',
  whole: 'Do kolejki trafiają tylko całe licencje; z tymi, które są wolne, żaden koniec nie może być bliżej daty.',
  plan: 'Co trafia do kolejki każdego czujnika',
  sensor: 'Czujnik',
  licenses: 'Licencje',
  newEnd: 'Nowy koniec',
  stays: 'zostaje, jak jest',
  noCover: 'teraz bez licencji',
  on: 'w tym dniu',
  before: (count) => `${days(count)} przed`,
  after: (count) => `${days(count)} po`,
  takes: (count, term) => `${number(count)} × ${term}`,
  further: (count) => `i jeszcze ${sensors(count)}`,
  showAll: 'Pokaż wszystkie',
  showMore: (count) => `Pokaż kolejne ${number(count)}`,
  goesWithout: (names, on, first) => `Z tego powodu bez licencji: ${names}${first ? `, pierwszy ${on}` : ` ${on}`}.`,
  confirm: (count) => `Dodaj do kolejki ${addLicenses(count)}`,
  changed: (count) =>
    count === 0
      ? 'Coś się w międzyczasie zmieniło, ale nie dla tych czujników. Sprawdź jeszcze raz i potwierdź.'
      : `Coś się w międzyczasie zmieniło: dla ${ofSensors(count)} plan jest inny niż poprzednio. Sprawdź jeszcze raz i potwierdź.`,
  differs: 'zmienione',
  done: (count, date) => `W kolejce: ${licensesOf(count)}; końce są teraz około ${date}.`,
};
