import { number } from '$lib/language.svelte';
import { range, type Problem } from '$lib/problem';
import type { Messages } from '../en';

const within = (problem: Problem): string => {
  const [least, most] = range(problem);
  return least === undefined || most === undefined ? '' : ` von ${number(least)} bis ${number(most)}`;
};

export const invalid: Messages['invalid'] = {
  threshold: 'Einen Wert wie diesen Grenzwert können die Sensoren nicht messen. Wählen Sie einen, den diese Messgröße haben kann.',
  hysteresis: 'Der Abstand ist 0 oder größer und so klein, dass der Wert um ihn zurückkehren kann.',
  channel_type: 'Diese Messgröße zählt nur und hat deshalb keinen Grenzwert. Wählen Sie eine andere.',
  after_minutes: (problem) => `Die Zeit ohne Nachricht ist eine ganze Zahl von Minuten${within(problem)}.`,
  sensors: 'Wählen Sie alle Sensoren oder eine Liste von höchstens so vielen, wie auf einmal gehen.',
  sensor_ids: (problem) => `Wählen Sie Sensoren${within(problem)} an der Zahl, jeden einmal.`,
  name: (problem) =>
    problem.detail.includes('another organization')
      ? 'Eine andere Organisation heißt schon so. Wählen Sie einen anderen Namen.'
      : 'Ein Name hat höchstens 100 Zeichen und steht in einer Zeile.',
  organization_name: 'Die Organisation braucht einen Namen mit höchstens 100 Zeichen.',
  email: 'Das ist keine E-Mail-Adresse. Sie sieht aus wie ana@harbor.example.',
  administrator_email: 'Das ist keine E-Mail-Adresse. Sie sieht aus wie ana@harbor.example.',
  time_zone: 'Diese Zeitzone gibt es nicht. Wählen Sie eine aus der Liste.',
  language: 'Diese Sprache gibt es hier nicht. Wählen Sie eine aus der Liste.',
  role: 'Diese Rolle kann hier nicht vergeben werden. Wählen Sie Administrator, Manager oder Analyst.',
  password: 'Ein Passwort hat 10 bis 200 Zeichen.',
  new_password: 'Ein Passwort hat 10 bis 200 Zeichen.',
  code: 'Das sind nicht die sechs Ziffern, die Ihre Authenticator-App jetzt zeigt. Warten Sie auf die nächsten.',
  device_token: 'Das Gerätetoken besteht aus sichtbaren Buchstaben, Ziffern und Zeichen ohne Umlaute und Leerzeichen. Kürzen Sie es, wenn es sehr lang ist.',
  redeem_by: 'Der letzte Tag zum Einlösen muss ein Datum sein, das es gibt.',
  licenses: (problem) => `Die Anzahl der Lizenzen ist eine ganze Zahl${within(problem)}.`,
  items: (problem) => `Wählen Sie Sensoren aus${within(problem)}, jeden einmal.`,
  line: 'Die Zeile hat mehr Zellen als die erste. Setzen Sie einen Text mit Komma oder Semikolon in Anführungszeichen.',
  auto_renewal: 'Automatische Verlängerung ist ja oder nein.',
  term: 'Eine Laufzeit besteht aus Jahren, Monaten, Wochen und Tagen und dauert höchstens 100 Jahre.',
  order: 'Der Auftrag hat höchstens 200 Zeichen und steht in einer Zeile.',
  from: 'Der Anfang muss vor dem Ende liegen.',
  url: (problem) =>
    problem.detail.includes('http://')
      ? 'Die Adresse beginnt mit https:// oder http:// und enthält weder Benutzer noch Passwort noch #.'
      : 'Die Adresse beginnt mit https:// und enthält weder Benutzer noch Passwort noch #.',
  events: 'Wählen Sie mindestens ein Ereignis.',
  description: 'Eine Beschreibung hat höchstens 200 Zeichen und steht in einer Zeile.',
  recipients: 'Wählen Sie Benutzer dieser Organisation.',
  search: 'Das ist zu lang für die Suche. Kürzen Sie es.',
};
