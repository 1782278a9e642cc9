import { plural } from '$lib/language.svelte';
import type { Messages } from '../en';

/** The reference of the API. */
export const docs: Messages['docs'] = {
  title: 'Die API',
  search: 'API durchsuchen',
  contents: 'Inhalt',
  nothing: 'Keine Operation enthält diese Wörter.',
  parameters: 'Parameter',
  body: 'Inhalt der Anfrage',
  answers: 'Antworten',
  required: 'erforderlich',
  headers: 'Kopfzeilen',
  fields: 'Felder',
  open: 'Auch ohne Anmeldung.',
  places: { path: 'im Pfad', query: 'in der Anfrage', header: 'eine Kopfzeile', cookie: 'ein Cookie' },
  who: 'Ein API-Token wird als „Authorization: Bearer TOKEN“ gesendet. Jede Antwort hat die Kopfzeile x-request-id, unter der sie im Protokoll des Dienstes steht. Was abgelehnt wird, ist mit einem Problem (RFC 9457) beantwortet, dessen Code sich nie ändert. Die Operationen sind auf Englisch beschrieben.',
  count: (count: number) => plural(count, { one: '# Operation', other: '# Operationen' }),
};
