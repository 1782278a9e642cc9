import { number } from '$lib/language.svelte';
import { range, type Problem } from '$lib/problem';

/** “from 1 to 43,200”, with the limits that the server names. */
const within = (problem: Problem): string => {
  const [least, most] = range(problem);
  return least === undefined || most === undefined ? '' : ` from ${number(least)} to ${number(most)}`;
};

/** What the code `invalid` says of a field, by the field's name. What is not here is told in the server's own words. */
export const invalid = {
  threshold: 'The sensors cannot measure a value like this threshold. Choose one that the kind of measurement can have.',
  hysteresis: 'The margin is 0 or more, and small enough that the value can come back by it.',
  channel_type: 'This kind of measurement only counts, so it has no threshold. Choose another kind.',
  after_minutes: (problem: Problem) => `The time without a message is a whole number of minutes${within(problem)}.`,
  sensors: 'Choose all sensors, or a list of at most as many as fit at once.',
  sensor_ids: (problem: Problem) => `Choose sensors${within(problem)}, each once.`,
  name: (problem: Problem): string =>
    problem.detail.includes('another organization')
      ? 'Another organization has this name. Choose a different one.'
      : 'A name has at most 100 characters and stands on one line.',
  organization_name: 'The organization needs a name of at most 100 characters.',
  email: 'This is no e-mail address. It looks like ana@harbor.example.',
  administrator_email: 'This is no e-mail address. It looks like ana@harbor.example.',
  time_zone: 'There is no such time zone. Choose one from the list.',
  language: 'This language is not there. Choose one from the list.',
  role: 'This role cannot be given here. Choose Administrator, Manager or Analyst.',
  password: 'A password has 10 to 200 characters.',
  new_password: 'A password has 10 to 200 characters.',
  code: 'These are not the six digits that your authenticator app shows now. Wait for the next ones.',
  device_token: 'The device token consists of visible letters, digits and signs without accents or spaces. Shorten it if it is very long.',
  redeem_by: 'The last day to redeem the code must be a date that exists.',
  licenses: (problem: Problem) => `The number of licenses is a whole number${within(problem)}.`,
  items: (problem: Problem) => `Choose sensors${within(problem)}, each once.`,
  line: 'The line has more cells than the first one. Put a text with a comma or semicolon in quotation marks.',
  auto_renewal: 'Auto renewal is yes or no.',
  term: 'A term consists of years, months, weeks and days and lasts at most 100 years.',
  order: 'The order has at most 200 characters and stands on one line.',
  from: 'The beginning must lie before the end.',
  url: (problem: Problem): string =>
    problem.detail.includes('http://')
      ? 'The address begins with https:// or http:// and has no user, password or #.'
      : 'The address begins with https:// and has no user, password or #.',
  events: 'Choose at least one event.',
  description: 'A description has at most 200 characters and stands on one line.',
  recipients: 'Choose users of this organization.',
  search: 'This is too long to search for. Shorten it.',
};
