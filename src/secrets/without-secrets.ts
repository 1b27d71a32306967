/** The encoded form of a shorter text would be found in other texts by chance. */
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
  // Half a surrogate pair can't be encoded.
  return encodeURIComponent(secret.replaceAll(/\p{Cs}/gu, '\uFFFD'));
}

/**
 * The secret's Base64 forms at each of the three alignments. The first and last characters are left out, since they
 * also depend on the neighbouring text.
 */
function inBase64(secret: string): string[] {
  if (secret.length < SHORT) return [];
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.from('x'.repeat(before) + secret).toString('base64');
    return encoded.slice([0, 2, 3][before], Math.floor(((before + Buffer.byteLength(secret)) * 8) / 6));
  });
}

/** In a host name a secret appears in lower case. */
function caseless(text: string): RegExp {
  return new RegExp(text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'gi');
}
