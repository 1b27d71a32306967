/** Of a shorter text the encoded form could stand in any text by chance. */
const SHORT = 8;

/** The text with `***` in place of each secret, which may be escaped or encoded in it. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), urlEncoded(secret), ...inBase64(secret)])
    .filter((form) => form !== '')
    .toSorted((a, b) => b.length - a.length)
    .reduce((shown, form) => shown.replaceAll(caseless(form), '***'), text);
}

function urlEncoded(secret: string): string {
  // Half a character can't be encoded.
  return encodeURIComponent(secret.replaceAll(/\p{Cs}/gu, '\uFFFD'));
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
