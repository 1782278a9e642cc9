import { list, number, plural } from '$lib/language.svelte';

const sensors = (count: number) => plural(count, { one: '# sensor', other: '# sensors' });
const people = (count: number) => plural(count, { one: '# person', other: '# people' });
const mails = (count: number) => plural(count, { one: '# mail', other: '# mails' });
const licensesOf = (count: number) => plural(count, { one: '# license', other: '# licenses' });

export const notices = {
  // What the next mails will say
  next: (when: string, people: string, says: string) => `Next mail: ${when}, ${people}: ${says}.`,
  toPeople: (count: number) => `to ${people(count)}`,
  intoFolder: 'into the folder of the service',
  expire: (count: number, on: string) => `${sensors(count)} ${count === 1 ? 'expires' : 'expire'} ${on}`,
  stopped: (count: number, on: string) => `${sensors(count)} ${count === 1 ? 'has' : 'have'} stopped, expired ${on}`,
  on: (date: string) => `on ${date}`,
  thatDay: 'on that day',
  fromTo: (from: string, to: string) => `from ${from} to ${to}`,
  finds: (count: number, of: number) =>
    of === 1 ? 'it finds no license' : count === of ? 'none of them finds a license' : plural(count, { one: '# finds no license', other: '# find no license' }),
  stops: (count: number, of: number) =>
    of === 1 ? 'its auto renewal is off' : count === of ? 'auto renewal is off for all of them' : plural(count, { one: '# has auto renewal off', other: '# have auto renewal off' }),
  renews: (count: number, of: number) =>
    of === 1 ? 'it is renewed by itself' : count === of ? 'all of them are renewed by themselves' : plural(count, { one: '# is renewed by itself', other: '# are renewed by themselves' }),
  moreMails: (count: number) => `${number(count)} more`,
  comingMails: 'The mails after that',
  noneComing: (days: number) => `No mail on licenses is due in the next ${number(days)} days.`,
  nobody: 'Nobody is told by e-mail when licenses expire.',
  chooseWho: 'Choose who is told',
  missing: (count: number, until: string) => `Until ${until}, ${plural(count, { one: '# more license is', other: '# more licenses are' })} needed.`,

  // The Notification manager
  whoGets: 'Who gets which mail',
  kindsAre: {
    license_expiration: 'One month before the last license of a sensor ends, and on the day on which it ends, at 8 in the morning. Each mail says what will happen by itself.',
    pool_low: 'Once, on the first morning on which fewer licenses are left than the renewals of the next 60 days need.',
    alerts: 'Each alert rule says whom it tells.',
  },
  licenseExpiration: 'License expiration',
  poolLow: 'Licenses run low',
  toRules: 'To the alert rules',
  gets: (kind: string, who: string) => `${kind}: ${who}`,
  in: (language: string) => `mails in ${language}`,
  nobodyTicked: (kinds: string[]) => `Nobody is ticked for ${list(kinds.map((kind) => `“${kind}”`))}: nobody will hear of it by e-mail.`,
  folder: 'This service has no mail server. It puts mails into a folder on its machine, and they reach nobody. Whoever runs the service can set one.',
  ahead: 'What comes next',
  aheadIs: (zone: string) => `Times in ${zone}.`,
  lastRun: 'Last looked',
  nextRun: 'Looks next',
  enough: (needed: number, left: number, until: string) =>
    needed === 0 ? `No renewal is due until ${until}.` : `The renewals until ${until} need ${licensesOf(needed)}, and ${number(left)} ${left === 1 ? 'is' : 'are'} left.`,
  low: (needed: number, left: number, until: string) =>
    `The renewals until ${until} need ${licensesOf(needed)}, but only ${number(left)} ${left === 1 ? 'is' : 'are'} left.`,
  noneLeft: (needed: number, until: string) => `The renewals until ${until} need ${licensesOf(needed)}, and none is left.`,

  // Mails and deliveries
  mails: 'Mails',
  mailsAre: 'What was written in the last 90 days, newest first.',
  mail: 'Mail',
  state: 'State',
  kind: 'Kind',
  states: { queued: 'Waiting', sent: 'Sent', failed: 'Failed' },
  anyState: 'All',
  anyKind: 'All kinds',
  kinds: {
    month_before: 'A month before',
    expiration_day: 'On the last day',
    pool_low: 'Licenses run low',
    alerts: 'Alerts',
    code_revoked: 'Activation code revoked',
    invitation: 'Invitation',
    password_reset: 'New password',
    test: 'Test',
  } as Record<string, string>,
  to: (recipient: string) => `to ${recipient}`,
  written: (when: string) => `written ${when}`,
  soon: 'on its way',
  nextTry: (when: string) => `next try ${when}`,
  tried: (count: number) => plural(count, { one: 'tried # time', other: 'tried # times' }),
  reply: 'Answer',
  sendAgain: 'Send again',
  sendAgainOf: (what: string) => `Send again: ${what}`,
  queuedAgain: 'It is on its way again',
  haveFailed: (count: string, one: boolean) => `${count} ${one ? 'mail has' : 'mails have'} failed in the last 7 days.`,
  failedShort: (count: number) => `${mails(count)} failed`,
  showFailed: 'Show',
  none: 'No mail yet',
  noneText: 'Every mail to the people of this organization will stand here, with what became of it.',
  noneFound: 'No mail fits',
  noneFoundText: 'Choose another state or kind.',
  showAll: 'Show all',
  older: 'Show older ones',
  shown: (count: number) => `${mails(count)} shown`,
  test: 'Send me a test mail',
  testing: (to: string) => `Test mail to ${to}`,
  testStates: {
    queued: 'It is on its way.',
    waits: 'It could not be handed over yet, and is tried again.',
    sent: 'The mail server has taken it.',
    filed: 'It is in the folder of the service.',
    failed: 'It has failed.',
  },

  // Being told no more
  unsubscribe: 'Mails from Tenure',
  whats: {
    license_expiration: 'when licenses expire',
    pool_low: 'when licenses run low',
    alert_rule: (rule: string | undefined) => (rule ? `when the rule “${rule}” opens or closes an alert` : 'when a rule opens or closes an alert'),
  },
  isTold: (email: string, organization: string, what: string) => `${email} gets mails of ${organization} ${what}.`,
  isToldNot: (email: string, organization: string, what: string) => `${email} gets no more mails of ${organization} ${what}.`,
  stop: 'Stop these mails',
  stopped2: 'You are told no more',
  stillTold: 'Stop these mails?',
  again: 'Get them again',
  backAgain: 'You are told again',
  others: 'Others who are told stay so. You can change it at any time in the Notification manager.',
  othersRule: 'Others who are told stay so. It can be changed at any time in the alert rule.',
  linkUnknown: 'This link is not right, or what it was about is gone. Open it from the mail once more.',
};
