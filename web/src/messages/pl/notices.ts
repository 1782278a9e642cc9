import { list, number, plural } from '$lib/language.svelte';
import type { Messages } from '../en';

/** For so many sensors: what happens to them is told of their licenses. */
const forSensors = (count: number) => plural(count, { one: '# czujnikowi', few: '# czujnikom', many: '# czujnikom', other: '# czujnika' });
const mails = (count: number) => plural(count, { one: '# wiadomość', few: '# wiadomości', many: '# wiadomości', other: '# wiadomości' });
const licensesOf = (count: number) => plural(count, { one: '# licencja', few: '# licencje', many: '# licencji', other: '# licencji' });
/** Of so many licenses. */
const someLicenses = (count: number) => plural(count, { one: '# licencji', few: '# licencji', many: '# licencji', other: '# licencji' });

export const notices: Messages['notices'] = {
  next: (when, people, says) => `Następna wiadomość: ${when}, ${people}: ${says}.`,
  toPeople: (count) => `do ${plural(count, { one: '# osoby', few: '# osób', many: '# osób', other: '# osoby' })}`,
  intoFolder: 'do folderu usługi',
  expire: (count, on) => `${forSensors(count)} kończy się licencja ${on}`,
  stopped: (count, on) => `${forSensors(count)} skończyła się licencja ${on}`,
  on: (date) => date,
  thatDay: 'tego dnia',
  fromTo: (from, to) => `od ${from} do ${to}`,
  finds: (count, of) => (of === 1 ? 'zabraknie dla niego licencji' : count === of ? 'dla wszystkich zabraknie licencji' : `dla ${number(count)} zabraknie licencji`),
  stops: (count, of) =>
    of === 1 ? 'jego odnawianie jest wyłączone' : count === of ? 'odnawianie wszystkich jest wyłączone' : `odnawianie ${number(count)} z nich jest wyłączone`,
  renews: (count, of) =>
    of === 1
      ? 'odnowi się automatycznie'
      : count === of
        ? 'wszystkie odnowią się automatycznie'
        : plural(count, { one: '# odnowi się automatycznie', few: '# odnowią się automatycznie', many: '# odnowi się automatycznie', other: '# odnowi się automatycznie' }),
  moreMails: (count) => `jeszcze ${number(count)}`,
  comingMails: 'Kolejne wiadomości',
  noneComing: (days) => `Przez najbliższe ${number(days)} dni nie będzie wiadomości o licencjach.`,
  nobody: 'Nikt nie dowie się z e-maila, że licencje wygasają.',
  chooseWho: 'Wybierz, kto się dowie',
  missing: (count, until) => `Do ${until} brakuje jeszcze ${someLicenses(count)}.`,

  whoGets: 'Kto dostaje jakie wiadomości',
  kindsAre: {
    license_expiration: 'Miesiąc przed końcem ostatniej licencji czujnika i w dniu, w którym się kończy, o 8 rano. Każda wiadomość mówi, co stanie się samo.',
    pool_low: 'Raz, pierwszego ranka, gdy wolnych licencji jest mniej, niż potrzebują odnowienia z najbliższych 60 dni.',
    alerts: 'Każda reguła alarmów mówi, kogo zawiadamia.',
  },
  licenseExpiration: 'Wygasanie licencji',
  poolLow: 'Mało licencji',
  toRules: 'Do reguł alarmów',
  gets: (kind, who) => `${kind}: ${who}`,
  in: (language) => `wiadomości: ${language}`,
  nobodyTicked: (kinds) => `${list(kinds.map((kind) => `„${kind}”`))}: nikt nie jest zaznaczony, więc nikt nie dowie się o tym z e-maila.`,
  folder: 'Ta usługa nie ma serwera poczty. Zapisuje wiadomości w folderze na swoim komputerze i nie docierają one do nikogo. Serwer może ustawić osoba, która prowadzi usługę.',
  ahead: 'Co będzie dalej',
  aheadIs: (zone) => `Godziny w strefie ${zone}.`,
  lastRun: 'Ostatnie sprawdzenie',
  nextRun: 'Następne sprawdzenie',
  enough: (needed, left, until) =>
    needed === 0 ? `Do ${until} nie przypada żadne odnowienie.` : `Odnowienia do ${until}: ${licensesOf(needed)}; wolne licencje: ${number(left)}.`,
  low: (needed, left, until) => `Odnowienia do ${until} wymagają ${someLicenses(needed)}, a wolnych jest tylko ${number(left)}.`,
  noneLeft: (needed, until) => `Odnowienia do ${until} wymagają ${someLicenses(needed)}, a wolnych nie ma.`,

  mails: 'Wiadomości',
  mailsAre: 'To, co napisano w ciągu ostatnich 90 dni, od najnowszych.',
  mail: 'Wiadomość',
  state: 'Stan',
  kind: 'Rodzaj',
  states: { queued: 'Czeka', sent: 'Wysłana', failed: 'Nieudana' },
  anyState: 'Wszystkie',
  anyKind: 'Wszystkie rodzaje',
  kinds: {
    month_before: 'Miesiąc wcześniej',
    expiration_day: 'Ostatniego dnia',
    pool_low: 'Mało licencji',
    alerts: 'Alarmy',
    code_revoked: 'Kod aktywacyjny unieważniony',
    invitation: 'Zaproszenie',
    password_reset: 'Nowe hasło',
    test: 'Próba',
  },
  to: (recipient) => `do ${recipient}`,
  written: (when) => `napisana ${when}`,
  soon: 'w drodze',
  nextTry: (when) => `następna próba ${when}`,
  tried: (count) => plural(count, { one: '# próba', few: '# próby', many: '# prób', other: '# próby' }),
  reply: 'Odpowiedź',
  sendAgain: 'Wyślij ponownie',
  sendAgainOf: (what) => `Wyślij ponownie: ${what}`,
  queuedAgain: 'Znów jest w drodze',
  haveFailed: (count) => `Nieudane wiadomości z ostatnich 7 dni: ${count}.`,
  failedShort: (count) => `Nieudane: ${number(count)}`,
  showFailed: 'Pokaż',
  none: 'Nie ma jeszcze wiadomości',
  noneText: 'Tu będzie każda wiadomość do osób z tej organizacji i to, co się z nią stało.',
  noneFound: 'Żadna wiadomość nie pasuje',
  noneFoundText: 'Wybierz inny stan lub rodzaj.',
  showAll: 'Pokaż wszystkie',
  older: 'Pokaż starsze',
  shown: (count) => `Widać: ${mails(count)}`,
  test: 'Wyślij mi próbną wiadomość',
  testing: (to) => `Próbna wiadomość do ${to}`,
  testStates: {
    queued: 'Jest w drodze.',
    waits: 'Nie udało się jej jeszcze przekazać; będą kolejne próby.',
    sent: 'Serwer poczty ją przyjął.',
    filed: 'Jest w folderze usługi.',
    failed: 'Nie udała się.',
  },

  unsubscribe: 'Wiadomości z Tenure',
  whats: {
    license_expiration: 'gdy wygasają licencje',
    pool_low: 'gdy licencji jest mało',
    alert_rule: (rule) => (rule ? `gdy reguła „${rule}” otwiera lub zamyka alarm` : 'gdy reguła otwiera lub zamyka alarm'),
  },
  isTold: (email, organization, what) => `${email} dostaje wiadomości organizacji ${organization}, ${what}.`,
  isToldNot: (email, organization, what) => `${email} nie dostaje już wiadomości organizacji ${organization}, ${what}.`,
  stop: 'Zrezygnuj z tych wiadomości',
  stopped2: 'Tych wiadomości już nie będzie',
  stillTold: 'Zrezygnować z tych wiadomości?',
  again: 'Wznów wiadomości',
  backAgain: 'Wiadomości znów będą przychodzić',
  others: 'Dla innych nic się nie zmienia. Zawsze można to zmienić w Menedżerze powiadomień.',
  othersRule: 'Dla innych nic się nie zmienia. Zawsze można to zmienić w regule alarmów.',
  linkUnknown: 'Ten link jest nieprawidłowy albo tego, czego dotyczył, już nie ma. Otwórz go jeszcze raz z wiadomości.',
};
