/** What a webhook is called. */
import type { Webhook } from '$api/webhooks';

/** Its description, else its host. */
export function called({ url, description }: Pick<Webhook, 'url' | 'description'>): string {
  return description || host(url);
}

export function host(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
