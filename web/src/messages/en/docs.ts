import { plural } from '$lib/language.svelte';

/** The reference of the API. */
export const docs = {
  title: 'The API',
  search: 'Search the API',
  contents: 'Contents',
  nothing: 'No operation has these words in it.',
  parameters: 'Parameters',
  body: 'Body',
  answers: 'Answers',
  required: 'required',
  headers: 'Headers',
  fields: 'Fields',
  open: 'Also without a log-in.',
  places: { path: 'in the path', query: 'in the query', header: 'a header', cookie: 'a cookie' } as Record<'path' | 'query' | 'header' | 'cookie', string>,
  who: 'An API token is sent as “Authorization: Bearer TOKEN”. Every answer has the header x-request-id, by which it is found in the service’s log. What is refused is answered by a problem (RFC 9457), whose code never changes.',
  count: (count: number) => plural(count, { one: '# operation', other: '# operations' }),
};
