/** The language in use, and what depends on nothing but it: numbers and plurals. */

export const LANGUAGES = ['en', 'pl', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What a language calls itself. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', pl: 'Polski', de: 'Deutsch' };

/** The locale whose way of writing dates and numbers goes with the language. */
const LOCALES: Record<Language, string> = { en: 'en-GB', pl: 'pl-PL', de: 'de-DE' };

class Current {
  language = $state<Language>('en');
  locale = $derived(LOCALES[this.language]);
}

export const current = new Current();

export function isLanguage(text: unknown): text is Language {
  return typeof text === 'string' && (LANGUAGES as readonly string[]).includes(text);
}

/** The first language of the browser that we speak. */
export function browserLanguage(): Language {
  for (const tag of navigator.languages) {
    const language = tag.slice(0, 2).toLowerCase();
    if (isLanguage(language)) return language;
  }
  return 'en';
}

const rules = new Map<string, Intl.PluralRules>();

export interface Forms {
  one: string;
  few?: string;
  many?: string;
  other: string;
}

/** The form that goes with `count` in the language in use; `#` in it becomes the number. */
export function plural(count: number, forms: Forms): string {
  let rule = rules.get(current.locale);
  if (!rule) rules.set(current.locale, (rule = new Intl.PluralRules(current.locale)));
  const form = forms[rule.select(count) as keyof Forms] ?? forms.other;
  return form.replaceAll('#', number(count));
}

/** 12,345 as the language writes it. */
export function number(value: number, digits?: number): string {
  return value.toLocaleString(current.locale, digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** “a, b and c”. */
export function list(items: string[]): string {
  return new Intl.ListFormat(current.locale, { type: 'conjunction' }).format(items);
}
