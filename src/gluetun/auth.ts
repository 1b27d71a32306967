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

/** Of a shorter text the encoded form could stand in any text by chance. */
const SHORT = 8;

/** A page may show the request's headers, escaped, encoded or not, and so may an error about them. */
export function withoutSecrets(text: string, auth: GluetunAuth): string {
  return secrets(auth)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), ...inBase64(secret)])
    .filter((form) => form !== '')
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
      // A short user is a word like any other, and hides nothing.
      return [auth.password, base64(auth), auth.user.length < SHORT ? '' : auth.user];
  }
}

function base64({ user, password }: { readonly user: string; readonly password: string }): string {
  return Buffer.from(`${user}:${password}`).toString('base64');
}

/** Wherever it begins: what stands before and after it shares its first and last characters. */
function inBase64(secret: string): string[] {
  if (secret.length < SHORT) return [];
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.from('x'.repeat(before) + secret).toString('base64');
    return encoded.slice([0, 2, 3][before], Math.floor(((before + Buffer.byteLength(secret)) * 8) / 6));
  });
}

/** In a host name a secret comes back in small letters. */
function caseless(text: string): RegExp {
  return new RegExp(text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'gi');
}
