import { plural } from '$lib/language.svelte';
import type { Problem } from '$lib/problem';

const GROUPS = { first: 'first', second: 'second', third: 'third', fourth: 'fourth', fifth: 'fifth' };

const wait = (problem: Problem): string =>
  problem.retryAfter ? ` Try again in ${plural(Math.ceil(problem.retryAfter / 60), { one: '# minute', other: '# minutes' })}.` : ' Try again later.';

/** What the server's stable codes say to a person. What is not here is told in the server's own words. */
export const refusals = {
  unknown: 'Something went wrong that we did not foresee. Try again; if it stays so, ask whoever runs this service.',
  offline: 'The server cannot be reached. Nothing is lost; try again when the connection is back.',
  server_error: 'The server has trouble at the moment. Nothing has changed; try again shortly.',
  internal: 'The server has trouble at the moment. Nothing has changed; try again shortly.',
  not_found: 'This is not here, or not any more: somebody may have removed it.',
  code_malformed: 'An activation code has 25 letters and digits in five groups. Enter it as it is printed on your order.',
  code_typo: (problem: Problem) => {
    const group = Object.entries(GROUPS).find(([word]) => problem.detail.includes(` ${word} group`))?.[1];
    return `This activation code has a typo${group ? ` in its ${group} group` : ''}. Compare it with your order.`;
  },
  code_not_valid: 'This activation code cannot be redeemed here. Check that it is the code of your order, or ask who sold it.',
  too_many_attempts: (problem: Problem) => `Too many activation codes were not valid.${wait(problem)}`,
  no_license_left: 'No license is left. Add an activation code, or remove a sensor.',
  key_not_available: 'This license key has no license left. Choose another key, or let the oldest license be taken.',
  forecast_too_long: 'This forecast would take too long: too many renewals fall into it. Look less far ahead, or with longer terms.',
  plan_changed: 'Something has changed meanwhile, so this would not be what you saw. Look at it again.',
  license_in_use: 'Measurements were saved under this license, so it stays until it ends.',
  license_not_held: 'This license is not on this sensor any more, so there is nothing to take back.',
  license_not_released: 'This license is not there to be given any more: it has ended, was revoked, or is on a sensor again.',
  sensor_covered: 'This sensor is covered. What a removed sensor left behind can be given to a sensor without cover.',
  sensor_unknown: 'There is no such sensor any more. Somebody may have removed it.',
  read_only_token: 'This API token may only read.',
  chain_too_long: 'The licenses of this sensor would end after the year 9000. Queue fewer of them.',
  serial_malformed: 'A serial number has 12 hexadecimal digits (0 to 9, a to f). Copy it from the label of the sensor.',
  serial_already_added: 'A sensor with this serial number is already in this organization.',
  serial_listed_twice: 'This serial number is in the list twice. Take one of them out.',
  search_too_broad: 'This text fits more than 200 sensors, people and keys. Type more of what you look for.',
  serial_not_confirmed: 'This is not the serial number of the sensor. Nothing was erased.',
  too_many_alert_rules: 'An organization has at most 100 alert rules. Remove one first.',
  notice_not_failed: 'This mail has not failed, so there is nothing to send again.',
  too_many_test_mails: (problem: Problem) => `You have sent five test mails within an hour.${wait(problem)}`,
  delivery_not_failed: 'This delivery has not failed, so there is nothing to send again.',
  too_many_webhooks: 'An organization has at most 20 webhooks. Remove one first.',
  webhook_not_public: 'This address is not on the public internet. Webhooks here reach public addresses only: use another one, or ask whoever runs this service.',
  webhook_disabled: 'This webhook is switched off. Switch it on first.',
  serial_in_use_elsewhere: 'This serial number is in use in another organization. Ask your vendor to free it.',
  term_malformed: 'A term consists of years, months, weeks and days and lasts at most 100 years.',
  zone_unknown: 'There is no such time zone. Choose one from the list.',
  unauthenticated: 'You are not logged in any more. Log in and try again.',
  forbidden: 'Your role does not allow this. Ask an Administrator of your organization.',
  email_in_use: 'An account with this e-mail address exists. Log in, or use another address.',
  credentials_wrong: 'The e-mail address or the password is not right.',
  one_time_code_required: 'Enter the one-time code of your authenticator app.',
  one_time_code_wrong: 'This one-time code is not right, or was used before. Wait for the next one.',
  too_many_log_ins: (problem: Problem) => `Too many log-ins have failed.${wait(problem)}`,
  sign_up_closed: 'New organizations join this service by invitation only.',
  organization_name_in_use: 'An organization of this name exists. Choose another name.',
  link_expired: 'This link has been used or has expired. Ask for a new one.',
  last_administrator: 'An organization needs an Administrator. Make somebody else one first.',
  already_member: 'This person is in the organization already.',
  changed_meanwhile: 'Somebody changed this meanwhile. Load it again, and decide what to keep.',
  idempotency_in_progress: 'This is still being done. Wait a few seconds and try again.',
  idempotency_answer_lost: "This was done, but the server's answer was lost. Look at what is there now.",
  idempotency_key_reused: 'This was sent before with other values. Reload the page and try again.',
  too_many_requests: (problem: Problem) => `Too many requests came from you within a short time.${wait(problem)}`,
  cross_site: 'The request came from another site and was refused. Reload this page and try again.',
  session_needed: 'This is only for people who are logged in with their password.',
  password_wrong: 'This is not your password. Enter it again.',
  one_time_codes_off: 'One-time codes are not set up.',
};
