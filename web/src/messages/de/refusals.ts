import { plural } from '$lib/language.svelte';
import type { Problem } from '$lib/problem';
import type { Messages } from '../en';

const GROUPS: Record<string, string> = { first: 'ersten', second: 'zweiten', third: 'dritten', fourth: 'vierten', fifth: 'fünften' };

const wait = (problem: Problem): string =>
  problem.retryAfter
    ? ` Versuchen Sie es in ${plural(Math.ceil(problem.retryAfter / 60), { one: '# Minute', other: '# Minuten' })} erneut.`
    : ' Versuchen Sie es später erneut.';

export const refusals: Messages['refusals'] = {
  unknown: 'Etwas Unerwartetes ist schiefgegangen. Versuchen Sie es erneut; bleibt es dabei, wenden Sie sich an den Betreiber dieses Dienstes.',
  offline: 'Der Server ist nicht erreichbar. Nichts ist verloren; versuchen Sie es erneut, wenn die Verbindung wieder steht.',
  server_error: 'Der Server ist gerade gestört. Nichts wurde geändert; versuchen Sie es gleich noch einmal.',
  internal: 'Der Server ist gerade gestört. Nichts wurde geändert; versuchen Sie es gleich noch einmal.',
  not_found: 'Das ist nicht oder nicht mehr da: Vielleicht hat es jemand entfernt.',
  code_malformed: 'Ein Aktivierungscode hat 25 Buchstaben und Ziffern in fünf Gruppen. Geben Sie ihn so ein, wie er auf Ihrer Bestellung steht.',
  code_typo: (problem) => {
    const group = Object.entries(GROUPS).find(([word]) => problem.detail.includes(` ${word} group`))?.[1];
    return `Dieser Aktivierungscode enthält ${group ? `in der ${group} Gruppe ` : ''}einen Tippfehler. Vergleichen Sie ihn mit Ihrer Bestellung.`;
  },
  code_not_valid: 'Dieser Aktivierungscode kann hier nicht eingelöst werden. Prüfen Sie, ob es der Code Ihrer Bestellung ist, oder fragen Sie den Verkäufer.',
  too_many_attempts: (problem) => `Zu viele Aktivierungscodes waren ungültig.${wait(problem)}`,
  no_license_left: 'Es ist keine Lizenz mehr frei. Fügen Sie einen Aktivierungscode hinzu oder entfernen Sie einen Sensor.',
  key_not_available: 'Zu diesem Schlüssel ist keine Lizenz mehr frei. Wählen Sie einen anderen, oder lassen Sie die älteste Lizenz nehmen.',
  forecast_too_long: 'Diese Vorschau würde zu lange dauern: In sie fallen zu viele Verlängerungen. Wählen Sie einen kürzeren Zeitraum oder längere Laufzeiten.',
  plan_changed: 'Inzwischen hat sich etwas geändert, es käme anders als gezeigt. Sehen Sie noch einmal hin.',
  license_in_use: 'Unter dieser Lizenz wurden Messwerte gespeichert; sie bleibt daher bis zu ihrem Ende.',
  license_not_held: 'Diese Lizenz liegt nicht mehr auf dem Sensor; es gibt nichts zurückzunehmen.',
  license_not_released: 'Diese Lizenz kann nicht mehr weitergegeben werden: Sie ist abgelaufen, wurde entzogen oder gehört wieder zu einem Sensor.',
  sensor_covered: 'Dieser Sensor ist lizenziert. Was ein entfernter Sensor zurückgelassen hat, kann ein Sensor ohne Lizenz bekommen.',
  sensor_unknown: 'Diesen Sensor gibt es nicht mehr. Vielleicht hat ihn jemand entfernt.',
  read_only_token: 'Dieses API-Token darf nur lesen.',
  chain_too_long: 'Die Lizenzen dieses Sensors würden nach dem Jahr 9000 enden. Reihen Sie weniger davon ein.',
  serial_malformed: 'Eine Seriennummer hat 12 hexadezimale Ziffern (0 bis 9, a bis f). Übernehmen Sie sie vom Etikett des Sensors.',
  serial_already_added: 'Ein Sensor mit dieser Seriennummer ist bereits in dieser Organisation.',
  serial_listed_twice: 'Diese Seriennummer steht zweimal in der Liste. Nehmen Sie eine heraus.',
  search_too_broad: 'Dieser Text passt zu mehr als 200 Sensoren, Personen und Schlüsseln. Geben Sie mehr davon ein.',
  serial_repeated: (problem) => `Diese Seriennummer steht auch in Zeile ${/line (\d+)/.exec(problem.detail)?.[1] ?? ''}. Behalten Sie eine der beiden Zeilen.`,
  serial_rounded: 'Eine Tabellenkalkulation hat aus dieser Seriennummer eine Zahl gemacht. Formatieren Sie die Spalte als Text, und tragen Sie sie neu ein.',
  import_empty: 'In dieser Datei ist kein Sensor. Geben Sie jedem Sensor eine Zeile mit seiner Seriennummer.',
  import_too_long: 'Eine Datei hat höchstens 100.000 Zeilen mit Sensoren. Teilen Sie sie auf.',
  import_not_utf8: (problem) => `Zeile ${/Line (\d+)/.exec(problem.detail)?.[1] ?? ''} der Datei ist nicht in UTF-8. Speichern Sie die Datei als „CSV UTF-8“, und wählen Sie sie erneut aus.`,
  import_quote_open: (problem) => `Ein Anführungszeichen in Zeile ${/line (\d+)/.exec(problem.detail)?.[1] ?? ''} wird nicht geschlossen. Schließen oder entfernen Sie es.`,
  import_no_serials: 'Die Datei hat keine Spalte mit Seriennummern. Nennen Sie die Spalten in der ersten Zeile: Seriennummer, Name, Lizenzschlüssel, Automatische Verlängerung, Lizenzen.',
  import_column_twice: 'Zwei Spalten der Datei sind gleich. Entfernen Sie eine davon.',
  import_refused: 'Nichts wurde importiert: Es gibt Zeilen mit Fehlern. Berichtigen Sie sie, und importieren Sie die Datei erneut.',
  import_interrupted: 'Die Verbindung ist abgebrochen. Der Import läuft von selbst weiter, ganz oder gar nicht: Prüfen Sie die Datei noch einmal, um zu sehen, ob er fertig ist.',
  serial_not_confirmed: 'Das ist nicht die Seriennummer des Sensors. Es wurde nichts gelöscht.',
  too_many_alert_rules: 'Eine Organisation hat höchstens 100 Regeln. Entfernen Sie zuerst eine.',
  notice_not_failed: 'Diese E-Mail ist nicht gescheitert; es gibt nichts erneut zu senden.',
  too_many_test_mails: (problem) => `Sie haben binnen einer Stunde fünf Test-E-Mails gesendet.${wait(problem)}`,
  delivery_not_failed: 'Diese Zustellung ist nicht gescheitert; es gibt nichts erneut zu senden.',
  too_many_webhooks: 'Eine Organisation hat höchstens 20 Webhooks. Entfernen Sie zuerst einen.',
  webhook_not_public: 'Diese Adresse liegt nicht im öffentlichen Internet. Webhooks erreichen hier nur öffentliche Adressen: Nehmen Sie eine andere, oder fragen Sie den Betreiber dieses Dienstes.',
  webhook_disabled: 'Dieser Webhook ist aus. Schalten Sie ihn zuerst ein.',
  serial_in_use_elsewhere: 'Diese Seriennummer wird in einer anderen Organisation verwendet. Bitten Sie Ihren Lieferanten, sie freizugeben.',
  term_malformed: 'Eine Laufzeit besteht aus Jahren, Monaten, Wochen und Tagen und dauert höchstens 100 Jahre.',
  zone_unknown: 'Diese Zeitzone gibt es nicht. Wählen Sie eine aus der Liste.',
  unauthenticated: 'Sie sind nicht mehr angemeldet. Melden Sie sich an und versuchen Sie es erneut.',
  forbidden: 'Ihre Rolle erlaubt das nicht. Wenden Sie sich an einen Administrator Ihrer Organisation.',
  email_in_use: 'Ein Konto mit dieser E-Mail-Adresse besteht bereits. Melden Sie sich an, oder verwenden Sie eine andere Adresse.',
  credentials_wrong: 'Die E-Mail-Adresse oder das Passwort ist nicht richtig.',
  one_time_code_required: 'Geben Sie den Einmalcode Ihrer Authenticator-App ein.',
  one_time_code_wrong: 'Dieser Einmalcode ist nicht richtig oder wurde schon verwendet. Warten Sie auf den nächsten.',
  too_many_log_ins: (problem) => `Zu viele Anmeldungen sind fehlgeschlagen.${wait(problem)}`,
  sign_up_closed: 'Neue Organisationen kommen nur auf Einladung zu diesem Dienst.',
  organization_name_in_use: 'Eine Organisation dieses Namens besteht bereits. Wählen Sie einen anderen Namen.',
  link_expired: 'Dieser Link wurde bereits verwendet oder ist abgelaufen. Fordern Sie einen neuen an.',
  last_administrator: 'Eine Organisation braucht einen Administrator. Geben Sie zuerst jemand anderem diese Rolle.',
  already_member: 'Diese Person ist bereits in der Organisation.',
  changed_meanwhile: 'Jemand hat das inzwischen geändert. Laden Sie es neu und entscheiden Sie, was bleiben soll.',
  idempotency_in_progress: 'Das wird noch ausgeführt. Warten Sie einige Sekunden und versuchen Sie es erneut.',
  idempotency_answer_lost: 'Das wurde ausgeführt, aber die Antwort des Servers ging verloren. Sehen Sie nach, was jetzt gilt.',
  idempotency_key_reused: 'Das wurde vorher mit anderen Werten gesendet. Laden Sie die Seite neu und versuchen Sie es erneut.',
  too_many_requests: (problem: Problem) => `Von Ihnen kamen in kurzer Zeit zu viele Anfragen.${wait(problem)}`,
  cross_site: 'Die Anfrage kam von einer anderen Website und wurde abgelehnt. Laden Sie diese Seite neu und versuchen Sie es erneut.',
  session_needed: 'Das geht nur, wenn Sie mit Ihrem Passwort angemeldet sind.',
  password_wrong: 'Das ist nicht Ihr Passwort. Geben Sie es noch einmal ein.',
  one_time_codes_off: 'Einmalcodes sind nicht eingerichtet.',
};
