/** The person's choice of light and dark, kept in the browser. */
export type Theme = 'system' | 'light' | 'dark';

export function theme(): Theme {
  const kept = localStorage.getItem('tenure.theme');
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

export function setTheme(choice: Theme): void {
  if (choice === 'system') localStorage.removeItem('tenure.theme');
  else localStorage.setItem('tenure.theme', choice);
  useTheme();
}

export function useTheme(): void {
  const choice = theme();
  if (choice === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}
