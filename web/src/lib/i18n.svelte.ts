import type { Messages } from '../messages/en';
import { browserLanguage, current, isLanguage, type Language } from './language.svelte';

const loaders: Record<Language, () => Promise<{ default: Messages }>> = {
  en: () => import('../messages/en'),
  pl: () => import('../messages/pl'),
  de: () => import('../messages/de'),
};

class Loaded {
  messages = $state.raw<Messages>();
}

const loaded = new Loaded();

/** Speaks this language from now on; loads it first. Remembered, so that the log-in screen speaks it too. */
export async function speak(language: Language): Promise<void> {
  const { default: messages } = await loaders[language]();
  loaded.messages = messages;
  current.language = language;
  document.documentElement.lang = language;
  localStorage.setItem('tenure.language', language);
}

/** What was chosen here before, else the browser's. */
export function firstLanguage(): Language {
  const kept = localStorage.getItem('tenure.language');
  return isLanguage(kept) ? kept : browserLanguage();
}

/** The messages of the language in use: `t.licenses.title`. To be read where Svelte sees it, or when it is needed. */
export const t = new Proxy({} as Messages, {
  get: (_, area) => (loaded.messages as unknown as Record<PropertyKey, unknown>)[area],
});
