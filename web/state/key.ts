import { signal } from '@preact/signals';

const NAME = 'portward-key';

/** The API key. It is kept in the session storage of this tab only, not in an address or a cookie. */
export const apiKey = signal<string | null>(sessionStorage.getItem(NAME));

export function keepKey(key: string): void {
  sessionStorage.setItem(NAME, key);
  apiKey.value = key;
}

export function forgetKey(): void {
  sessionStorage.removeItem(NAME);
  apiKey.value = null;
}
