import { plural } from '$lib/language.svelte';
import type { Problem } from '$lib/problem';
import type { Messages } from '../en';

const GROUPS: Record<string, string> = { first: 'pierwszej', second: 'drugiej', third: 'trzeciej', fourth: 'czwartej', fifth: 'piątej' };

const wait = (problem: Problem): string =>
  problem.retryAfter
    ? ` Kolejna próba będzie możliwa za ${plural(Math.ceil(problem.retryAfter / 60), { one: '# minutę', few: '# minuty', many: '# minut', other: '# minuty' })}.`
    : ' Spróbuj ponownie później.';

export const refusals: Messages['refusals'] = {
  unknown: 'Wystąpił nieprzewidziany problem. Spróbuj ponownie, a jeśli to nie pomoże, skontaktuj się z osobą, która prowadzi tę usługę.',
  offline: 'Brak połączenia z serwerem. Nic nie przepadło; spróbuj ponownie, gdy połączenie wróci.',
  server_error: 'Serwer ma chwilowe trudności. Nic się nie zmieniło; spróbuj ponownie za chwilę.',
  internal: 'Serwer ma chwilowe trudności. Nic się nie zmieniło; spróbuj ponownie za chwilę.',
  not_found: 'Nie ma tego tutaj albo już nie ma: ktoś mógł to usunąć.',
  code_malformed: 'Kod aktywacyjny ma 25 liter i cyfr w pięciu grupach. Wpisz go tak, jak jest podany w zamówieniu.',
  code_typo: (problem) => {
    const group = Object.entries(GROUPS).find(([word]) => problem.detail.includes(` ${word} group`))?.[1];
    return `Kod aktywacyjny zawiera literówkę${group ? ` w ${group} grupie` : ''}. Porównaj go z zamówieniem.`;
  },
  code_not_valid: 'Tego kodu aktywacyjnego nie można tu wykorzystać. Sprawdź, czy to kod z zamówienia, albo zapytaj sprzedawcę.',
  too_many_attempts: (problem) => `Zbyt wiele kodów aktywacyjnych było nieprawidłowych.${wait(problem)}`,
  no_license_left: 'Nie ma już wolnych licencji. Dodaj kod aktywacyjny albo usuń czujnik.',
  key_not_available: 'Ten klucz nie ma już wolnych licencji. Wybierz inny klucz albo pozwól przydzielić najstarszą licencję.',
  forecast_too_long: 'Ta prognoza trwałaby zbyt długo: wypada w niej za dużo odnowień. Wybierz krótszy okres lub dłuższe licencje.',
  plan_changed: 'Coś się w międzyczasie zmieniło i wynik byłby inny niż na podglądzie. Sprawdź jeszcze raz.',
  license_in_use: 'W ramach tej licencji zapisano już pomiary, więc pozostaje przy czujniku do końca.',
  license_not_held: 'Tej licencji nie ma już przy czujniku, więc nie ma czego cofać.',
  license_not_released: 'Tej licencji nie można już przekazać: wygasła, została unieważniona albo należy znów do czujnika.',
  sensor_covered: 'Ten czujnik ma licencję. To, co pozostało po usuniętym czujniku, może otrzymać czujnik bez licencji.',
  sensor_unknown: 'Tego czujnika już nie ma. Być może ktoś go usunął.',
  read_only_token: 'Ten token API pozwala tylko na odczyt.',
  chain_too_long: 'Licencje tego czujnika kończyłyby się po roku 9000. Dodaj ich mniej.',
  serial_malformed: 'Numer seryjny ma 12 cyfr szesnastkowych (0–9, a–f). Przepisz go z etykiety czujnika.',
  serial_already_added: 'Czujnik o tym numerze seryjnym jest już w tej organizacji.',
  serial_listed_twice: 'Ten numer seryjny jest na liście dwa razy. Usuń jeden z nich.',
  search_too_broad: 'Ten tekst pasuje do ponad 200 czujników, osób i kluczy. Wpisz więcej tego, czego szukasz.',
  serial_repeated: (problem) => `Ten numer seryjny jest też w wierszu ${/line (\d+)/.exec(problem.detail)?.[1] ?? ''}. Zostaw jeden z tych wierszy.`,
  serial_rounded: 'Arkusz zamienił ten numer seryjny na liczbę. Sformatuj kolumnę jako tekst i wpisz go ponownie.',
  import_empty: 'W tym pliku nie ma czujników. Każdy czujnik ma własny wiersz z numerem seryjnym.',
  import_too_long: 'Plik ma najwyżej 100 000 wierszy z czujnikami. Podziel go na kilka.',
  import_not_utf8: (problem) => `Wiersz ${/Line (\d+)/.exec(problem.detail)?.[1] ?? ''} pliku nie jest w UTF-8. Zapisz plik jako „CSV UTF-8” i wybierz go ponownie.`,
  import_quote_open: (problem) => `Cudzysłów w wierszu ${/line (\d+)/.exec(problem.detail)?.[1] ?? ''} nie jest zamknięty. Zamknij go albo usuń.`,
  import_no_serials: 'Plik nie ma kolumny z numerami seryjnymi. Nazwij kolumny w pierwszym wierszu: Numer seryjny, Nazwa, Klucz licencji, Automatyczne odnawianie, Licencje.',
  import_column_twice: 'Dwie kolumny pliku są takie same. Usuń jedną z nich.',
  import_refused: 'Nic nie zaimportowano: są wiersze z błędami. Popraw je i zaimportuj plik ponownie.',
  import_interrupted: 'Połączenie zostało przerwane. Import trwa sam, w całości albo wcale: sprawdź plik ponownie, aby zobaczyć, czy się odbył.',
  serial_not_confirmed: 'To nie jest numer seryjny tego czujnika. Niczego nie wymazano.',
  too_many_alert_rules: 'Organizacja może mieć najwyżej 100 reguł. Najpierw usuń jedną.',
  notice_not_failed: 'Ta wiadomość nie jest nieudana, więc nie ma czego wysyłać ponownie.',
  too_many_test_mails: (problem) => `W ciągu godziny wysłano już pięć próbnych wiadomości.${wait(problem)}`,
  delivery_not_failed: 'To doręczenie nie jest nieudane, więc nie ma czego wysyłać ponownie.',
  too_many_webhooks: 'Organizacja może mieć najwyżej 20 webhooków. Najpierw usuń jeden.',
  webhook_not_public: 'Ten adres nie jest w publicznym internecie. Webhooki docierają tu tylko pod adresy publiczne: podaj inny albo zapytaj osobę, która prowadzi usługę.',
  webhook_disabled: 'Ten webhook jest wyłączony. Najpierw go włącz.',
  serial_in_use_elsewhere: 'Ten numer seryjny jest używany w innej organizacji. Poproś dostawcę o jego zwolnienie.',
  term_malformed: 'Okres składa się z lat, miesięcy, tygodni i dni i trwa najwyżej 100 lat.',
  zone_unknown: 'Nie ma takiej strefy czasowej. Wybierz jedną z listy.',
  unauthenticated: 'Sesja się skończyła. Zaloguj się i spróbuj ponownie.',
  forbidden: 'Twoja rola na to nie pozwala. Zwróć się do Administratora organizacji.',
  email_in_use: 'Konto z tym adresem e-mail już istnieje. Zaloguj się albo podaj inny adres.',
  credentials_wrong: 'Adres e-mail lub hasło są nieprawidłowe.',
  one_time_code_required: 'Wpisz kod jednorazowy z aplikacji uwierzytelniającej.',
  one_time_code_wrong: 'Ten kod jednorazowy jest nieprawidłowy albo został już użyty. Poczekaj na następny.',
  too_many_log_ins: (problem) => `Zbyt wiele nieudanych prób logowania.${wait(problem)}`,
  sign_up_closed: 'Nowe organizacje dołączają do tej usługi tylko na zaproszenie.',
  organization_name_in_use: 'Organizacja o tej nazwie już istnieje. Wybierz inną nazwę.',
  link_expired: 'Ten link został już użyty albo wygasł. Poproś o nowy.',
  last_administrator: 'Organizacja musi mieć Administratora. Najpierw nadaj tę rolę komuś innemu.',
  already_member: 'Ta osoba jest już w organizacji.',
  changed_meanwhile: 'Ktoś to w międzyczasie zmienił. Wczytaj ponownie i wybierz, co zachować.',
  idempotency_in_progress: 'To jest jeszcze wykonywane. Poczekaj kilka sekund i spróbuj ponownie.',
  idempotency_answer_lost: 'To zostało wykonane, ale odpowiedź serwera zaginęła. Sprawdź, jaki jest obecny stan.',
  idempotency_key_reused: 'To zostało już wysłane z innymi danymi. Odśwież stronę i spróbuj ponownie.',
  too_many_requests: (problem: Problem) => `W krótkim czasie przyszło od Ciebie zbyt wiele żądań.${wait(problem)}`,
  cross_site: 'Żądanie przyszło z innej witryny i zostało odrzucone. Odśwież stronę i spróbuj ponownie.',
  session_needed: 'To jest dostępne tylko po zalogowaniu hasłem.',
  password_wrong: 'To nie jest Twoje hasło. Wpisz je ponownie.',
  one_time_codes_off: 'Kody jednorazowe nie są włączone.',
};
