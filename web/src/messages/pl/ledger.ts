import { number, plural } from '$lib/language.svelte';
import type { Messages } from '../en';

const states = { active: 'aktywne', queued: 'w kolejce', available: 'zostało', released: 'uwolnione', ended: 'zakończone', revoked: 'unieważnione' };

export const ledger: Messages['ledger'] = {
  keys: 'Klucze licencji',
  key: 'Klucz licencji',
  keysOf: 'Wszystkie klucze licencji',
  openKey: (key) => `Klucz licencji ${key}`,
  search: 'Szukaj klucza, zamówienia lub adresu e-mail',
  filter: 'Licencje w stanie',
  all: 'Wszystkie',
  states,
  sum: (licenses, parts) => `${number(licenses)} = ${parts.map(({ state, count }) => `${number(count)} ${states[state]}`).join(' + ')}`,
  columns: { key: 'Klucz licencji', term: 'Okres', added: 'Dodano', licenses: 'Licencje', expires: 'Wygasają', number: 'Nr', state: 'Stan', sensor: 'Czujnik', dates: 'Od – do' },
  addedBy: (by) => `przez ${by}`,
  order: 'Zamówienie',
  revokedOn: (date) => `Unieważniony ${date}`,
  none: 'Nie ma jeszcze klucza licencji',
  noneText: 'Dodaj kod aktywacyjny z zamówienia, a jego klucz licencji pojawi się tutaj.',
  noneFound: 'Nic nie znaleziono',
  noneFoundText: 'Żaden klucz licencji nie pasuje.',
  addCode: 'Otwórz Menedżera licencji',
  more: 'Pokaż więcej',
  licenses: 'Jego licencje',
  noLicenses: 'Żadna z jego licencji nie jest w tym stanie.',
  inPool: 'w puli',
  removedSensor: 'usunięty',
  history: 'Historia',
  moreHistory: 'Pokaż starsze wpisy',
  shown: (count) =>
    plural(count, {
      one: 'Widoczny jest # klucz licencji',
      few: 'Widoczne są # klucze licencji',
      many: 'Widocznych jest # kluczy licencji',
      other: 'Widocznych jest # klucza licencji',
    }),

  firstDay: (date) => `Od pierwszego dnia, ${date}`,
  noCover: 'Bez licencji',
  standings: { active: 'Aktywna', queued: 'W kolejce', ended: 'Zakończona', released: 'Uwolniona', revoked: 'Unieważniona', taken_back: 'Cofnięta' },
  points: { added: 'Dodano', replaced: 'Wymieniono', removed: 'Usunięto', brought_back: 'Przywrócono' },
  began: {
    assigned: (by) => (by ? `Przydzielona przez ${by}` : 'Przydzielona ręcznie'),
    auto_renewal: () => 'Automatyczne odnawianie',
    queue: () => 'Z kolejki',
    came_back: () => 'Wróciła z czujnikiem',
    rest_given: (by) => (by ? `Reszta po innym czujniku, przydzielona przez ${by}` : 'Reszta po innym czujniku'),
  },
  gaps: {
    unlicensed: 'Nie było licencji',
    no_license_left: 'Zabrakło licencji',
    auto_renewal_off: 'Automatyczne odnawianie było wyłączone',
    taken_back: 'Licencję cofnięto',
    revoked: 'Licencję unieważniono',
    removed: 'Czujnik był usunięty',
  },
  since: (date) => `od ${date}`,
  becomes: (before, after) => `${before} → ${after}`,
  by: (who) => `przez ${who}`,
};
