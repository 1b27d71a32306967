/** How Gluetun's control server wants to be asked. Secrets: they stay in this process. */
export type GluetunAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'api-key'; readonly key: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string };

export function authHeaders(auth: GluetunAuth): Record<string, string> {
  switch (auth.kind) {
    case 'none':
      return {};
    case 'api-key':
      return { 'X-API-Key': auth.key };
    case 'basic':
      return { Authorization: `Basic ${base64(auth)}` };
  }
}

/** A page may show the request's headers, escaped or not, and so may an error about them. */
export function withoutSecrets(text: string, auth: GluetunAuth): string {
  return secrets(auth)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
    .filter((secret) => secret !== '')
    .toSorted((a, b) => b.length - a.length)
    .reduce((shown, secret) => shown.replaceAll(caseless(secret), '***'), text);
}

function secrets(auth: GluetunAuth): string[] {
  switch (auth.kind) {
    case 'none':
      return [];
    case 'api-key':
      return [auth.key];
    case 'basic':
      return [auth.password, base64(auth)];
  }
}

function base64({ user, password }: { readonly user: string; readonly password: string }): string {
  return Buffer.from(`${user}:${password}`).toString('base64');
}

/** In a host name a secret comes back in small letters. */
function caseless(text: string): RegExp {
  return new RegExp(text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'gi');
}
