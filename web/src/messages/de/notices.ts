import { list, number, plural } from '$lib/language.svelte';
import type { Messages } from '../en';

const sensors = (count: number) => plural(count, { one: '# Sensor', other: '# Sensoren' });
const mails = (count: number) => plural(count, { one: '# E-Mail', other: '# E-Mails' });
const licensesOf = (count: number) => plural(count, { one: '# Lizenz', other: '# Lizenzen' });

export const notices: Messages['notices'] = {
  next: (when, people, says) => `Nächste E-Mail: ${when}, ${people}: ${says}.`,
  toPeople: (count) => `an ${plural(count, { one: '# Person', other: '# Personen' })}`,
  intoFolder: 'in den Ordner des Dienstes',
  expire: (count, on) => `${sensors(count)} ${count === 1 ? 'läuft' : 'laufen'} ${on} ab`,
  stopped: (count, on) => `${sensors(count)} ${count === 1 ? 'hat' : 'haben'} aufgehört, abgelaufen ${on}`,
  on: (date) => `am ${date}`,
  thatDay: 'an diesem Tag',
  fromTo: (from, to) => `vom ${from} bis ${to}`,
  finds: (count, of) => (of === 1 ? 'für ihn ist keine Lizenz frei' : count === of ? 'für keinen davon ist eine Lizenz frei' : `für ${number(count)} ist keine Lizenz frei`),
  stops: (count, of) =>
    of === 1
      ? 'seine automatische Verlängerung ist aus'
      : count === of
        ? 'die automatische Verlängerung ist bei allen aus'
        : `bei ${number(count)} ist die automatische Verlängerung aus`,
  renews: (count, of) =>
    of === 1 ? 'er wird automatisch verlängert' : count === of ? 'alle werden automatisch verlängert' : plural(count, { one: '# wird automatisch verlängert', other: '# werden automatisch verlängert' }),
  moreMails: (count) => `${number(count)} weitere`,
  comingMails: 'Die E-Mails danach',
  noneComing: (days) => `In den nächsten ${number(days)} Tagen steht keine E-Mail zu Lizenzen an.`,
  nobody: 'Niemand erfährt per E-Mail, wenn Lizenzen ablaufen.',
  chooseWho: 'Auswählen, wer es erfährt',
  missing: (count, until) => `Bis ${until} ${count === 1 ? 'fehlt' : 'fehlen'} noch ${licensesOf(count)}.`,

  whoGets: 'Wer welche E-Mail bekommt',
  kindsAre: {
    license_expiration: 'Einen Monat, bevor die letzte Lizenz eines Sensors endet, und am Tag ihres Endes, jeweils um 8 Uhr. Jede E-Mail sagt, was von selbst geschieht.',
    pool_low: 'Einmal, am ersten Morgen, an dem weniger Lizenzen frei sind, als die Verlängerungen der nächsten 60 Tage brauchen.',
    alerts: 'Jede Alarmregel legt fest, wem sie Bescheid gibt.',
  },
  licenseExpiration: 'Ablauf von Lizenzen',
  poolLow: 'Lizenzen werden knapp',
  toRules: 'Zu den Alarmregeln',
  gets: (kind, who) => `${kind}: ${who}`,
  in: (language) => `E-Mails auf ${language}`,
  nobodyTicked: (kinds) => `Für ${list(kinds.map((kind) => `„${kind}“`))} ist niemand ausgewählt: Niemand erfährt es per E-Mail.`,
  folder: 'Dieser Dienst hat keinen Mailserver. Er legt E-Mails in einem Ordner auf seinem Rechner ab, und sie erreichen niemanden. Der Betreiber kann einen einrichten.',
  ahead: 'Was als Nächstes kommt',
  aheadIs: (zone) => `Uhrzeiten in der Zeitzone ${zone}.`,
  lastRun: 'Zuletzt nachgesehen',
  nextRun: 'Sieht wieder nach',
  enough: (needed, left, until) =>
    needed === 0
      ? `Bis ${until} steht keine Verlängerung an.`
      : `Die Verlängerungen bis ${until} brauchen ${licensesOf(needed)}, und ${number(left)} ${left === 1 ? 'ist' : 'sind'} frei.`,
  low: (needed, left, until) => `Die Verlängerungen bis ${until} brauchen ${licensesOf(needed)}, aber nur ${number(left)} ${left === 1 ? 'ist' : 'sind'} frei.`,
  noneLeft: (needed, until) => `Die Verlängerungen bis ${until} brauchen ${licensesOf(needed)}, und keine ist frei.`,

  mails: 'E-Mails',
  mailsAre: 'Was in den letzten 90 Tagen geschrieben wurde, das Neueste zuerst.',
  mail: 'E-Mail',
  state: 'Zustand',
  kind: 'Art',
  states: { queued: 'Wartet', sent: 'Gesendet', failed: 'Gescheitert' },
  anyState: 'Alle',
  anyKind: 'Alle Arten',
  kinds: {
    month_before: 'Einen Monat vorher',
    expiration_day: 'Am letzten Tag',
    pool_low: 'Lizenzen werden knapp',
    alerts: 'Alarme',
    code_revoked: 'Aktivierungscode entzogen',
    invitation: 'Einladung',
    password_reset: 'Neues Passwort',
    test: 'Test',
  },
  to: (recipient) => `an ${recipient}`,
  written: (when) => `geschrieben ${when}`,
  soon: 'unterwegs',
  nextTry: (when) => `nächster Versuch ${when}`,
  tried: (count) => plural(count, { one: '# Versuch', other: '# Versuche' }),
  reply: 'Antwort',
  sendAgain: 'Erneut senden',
  sendAgainOf: (what) => `Erneut senden: ${what}`,
  queuedAgain: 'Sie ist wieder unterwegs',
  haveFailed: (count, one) => `In den letzten 7 Tagen ${one ? 'ist' : 'sind'} ${count} ${one ? 'E-Mail' : 'E-Mails'} gescheitert.`,
  failedShort: (count) => `${mails(count)} gescheitert`,
  showFailed: 'Anzeigen',
  none: 'Noch keine E-Mails',
  noneText: 'Hier steht jede E-Mail an die Personen dieser Organisation, und was aus ihr geworden ist.',
  noneFound: 'Keine E-Mail passt',
  noneFoundText: 'Wählen Sie einen anderen Zustand oder eine andere Art.',
  showAll: 'Alle anzeigen',
  older: 'Ältere anzeigen',
  shown: (count) => `${mails(count)} zu sehen`,
  test: 'Test-E-Mail an mich senden',
  testing: (to) => `Test-E-Mail an ${to}`,
  testStates: {
    queued: 'Sie ist unterwegs.',
    waits: 'Sie konnte noch nicht übergeben werden; es wird erneut versucht.',
    sent: 'Der Mailserver hat sie angenommen.',
    filed: 'Sie liegt im Ordner des Dienstes.',
    failed: 'Sie ist gescheitert.',
  },

  unsubscribe: 'E-Mails von Tenure',
  whats: {
    license_expiration: 'wenn Lizenzen ablaufen',
    pool_low: 'wenn Lizenzen knapp werden',
    alert_rule: (rule) => (rule ? `wenn die Regel „${rule}“ einen Alarm öffnet oder schließt` : 'wenn eine Regel einen Alarm öffnet oder schließt'),
  },
  isTold: (email, organization, what) => `${email} bekommt E-Mails von ${organization}, ${what}.`,
  isToldNot: (email, organization, what) => `${email} bekommt keine E-Mails von ${organization} mehr, ${what}.`,
  stop: 'Diese E-Mails abbestellen',
  stopped2: 'Sie bekommen diese E-Mails nicht mehr',
  stillTold: 'Diese E-Mails abbestellen?',
  again: 'Wieder bestellen',
  backAgain: 'Sie bekommen diese E-Mails wieder',
  others: 'Für andere ändert sich nichts. Unter „Benachrichtigungen“ lässt es sich jederzeit ändern.',
  othersRule: 'Für andere ändert sich nichts. In der Alarmregel lässt es sich jederzeit ändern.',
  linkUnknown: 'Dieser Link stimmt nicht, oder es gibt nicht mehr, worum es ging. Öffnen Sie ihn noch einmal aus der E-Mail.',
};
