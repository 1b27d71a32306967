import { signal } from '@preact/signals';

/** The API key, for as long as this tab is open: in no address, no cookie and no other tab. */
const NAME = 'portward-key';

export const apiKey = signal<string | null>(sessionStorage.getItem(NAME));

export function keepKey(key: string): void {
  sessionStorage.setItem(NAME, key);
  apiKey.value = key;
}

export function forgetKey(): void {
  sessionStorage.removeItem(NAME);
  apiKey.value = null;
}
