import { number } from '$lib/language.svelte';
import { range, type Problem } from '$lib/problem';
import type { Messages } from '../en';

const within = (problem: Problem): string => {
  const [least, most] = range(problem);
  return least === undefined || most === undefined ? '' : ` od ${number(least)} do ${number(most)}`;
};

export const invalid: Messages['invalid'] = {
  threshold: 'Czujniki nie mogą zmierzyć takiej wartości progowej. Należy wybrać wartość możliwą dla tej wielkości.',
  hysteresis: 'Margines wynosi 0 lub więcej i jest na tyle mały, że wartość może o niego wrócić.',
  channel_type: 'Ta wielkość jest tylko zliczana, więc nie ma progu. Należy wybrać inną.',
  after_minutes: (problem) => `Czas bez wiadomości to całkowita liczba minut${within(problem)}.`,
  sensors: 'Należy wybrać wszystkie czujniki albo listę nie dłuższą, niż można podać naraz.',
  sensor_ids: (problem) => `Należy wybrać czujniki w liczbie${within(problem)}, każdy raz.`,
  name: (problem) =>
    problem.detail.includes('another organization')
      ? 'Inna organizacja ma już taką nazwę. Należy wybrać inną.'
      : 'Nazwa ma najwyżej 100 znaków i mieści się w jednym wierszu.',
  organization_name: 'Organizacja potrzebuje nazwy o długości najwyżej 100 znaków.',
  email: 'To nie jest adres e-mail. Adres wygląda na przykład tak: ana@harbor.example.',
  administrator_email: 'To nie jest adres e-mail. Adres wygląda na przykład tak: ana@harbor.example.',
  time_zone: 'Nie ma takiej strefy czasowej. Należy wybrać strefę z listy.',
  language: 'Nie ma takiego języka. Należy wybrać język z listy.',
  role: 'Tej roli nie można tu nadać. Należy wybrać rolę administratora, menedżera albo analityka.',
  password: 'Hasło ma od 10 do 200 znaków.',
  new_password: 'Hasło ma od 10 do 200 znaków.',
  code: 'To nie są cyfry, które teraz pokazuje aplikacja uwierzytelniająca. Należy poczekać na następne.',
  device_token: 'Token urządzeń składa się z widocznych liter, cyfr i znaków, bez polskich liter i spacji. Jeśli jest bardzo długi, należy go skrócić.',
  redeem_by: 'Ostatni dzień na użycie kodu musi być istniejącą datą.',
  licenses: (problem) => `Liczba licencji to liczba całkowita${within(problem)}.`,
  items: (problem) => `Wybierz czujniki${within(problem)}, każdy raz.`,
  line: 'Wiersz ma więcej komórek niż pierwszy. Tekst z przecinkiem lub średnikiem umieść w cudzysłowie.',
  auto_renewal: 'Automatyczne odnawianie to tak lub nie.',
  term: 'Okres składa się z lat, miesięcy, tygodni i dni i trwa najwyżej 100 lat.',
  order: 'Zamówienie ma najwyżej 200 znaków i mieści się w jednym wierszu.',
  from: 'Początek musi być wcześniejszy niż koniec.',
  url: (problem) =>
    problem.detail.includes('http://')
      ? 'Adres zaczyna się od https:// lub http:// i nie zawiera użytkownika, hasła ani #.'
      : 'Adres zaczyna się od https:// i nie zawiera użytkownika, hasła ani #.',
  events: 'Wybierz co najmniej jedno zdarzenie.',
  description: 'Opis ma najwyżej 200 znaków i mieści się w jednym wierszu.',
  recipients: 'Wybierz użytkowników tej organizacji.',
  search: 'To zbyt długi tekst do wyszukania. Należy go skrócić.',
};
