import { plural } from '$lib/language.svelte';
import type { Messages } from '../en';

/** The reference of the API. */
export const docs: Messages['docs'] = {
  title: 'API',
  search: 'Szukaj w API',
  contents: 'Spis treści',
  nothing: 'Żadna operacja nie zawiera tych słów.',
  parameters: 'Parametry',
  body: 'Treść',
  answers: 'Odpowiedzi',
  required: 'wymagane',
  headers: 'Nagłówki',
  fields: 'Pola',
  open: 'Także bez logowania.',
  places: { path: 'w ścieżce', query: 'w zapytaniu', header: 'nagłówek', cookie: 'ciasteczko' },
  who: 'Token API wysyła się jako „Authorization: Bearer TOKEN”. Każda odpowiedź ma nagłówek x-request-id, po którym można ją znaleźć w dzienniku usługi. Odmowa to problem (RFC 9457), którego kod nigdy się nie zmienia. Opisy operacji są po angielsku.',
  count: (count: number) => plural(count, { one: '# operacja', few: '# operacje', many: '# operacji', other: '# operacji' }),
};
