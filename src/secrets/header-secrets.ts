import { messageOf } from '../lib/errors';
// Secrets that travel in HTTP headers. No text here repeats one.

/**
 * One that stands in a header as it is, without the blanks around it, which a header's value loses anyway. What is not printable
 * ASCII can't be sent by every client, or arrives as something else.
 * @throws with what was expected
 */
export function headerSecret(value: string): string {
  const secret = value.trim();
  const other = secret.search(/[^ -~]/);
  if (other < 0) return secret;
  throw new Error(
    `expected printable ASCII characters, as it is sent in an HTTP header; character ${other + 1} is another one`,
  );
}

/** A secret of a header, which is named once however many VPNs share it. */
export function checkedHeaderSecret(variable: string, secret: string, mistakes: string[]): string {
  try {
    return headerSecret(secret);
  } catch (error) {
    const mistake = `${variable}: ${messageOf(error)}`;
    if (!mistakes.includes(mistake)) mistakes.push(mistake);
    return secret;
  }
}

/** User and password of basic authentication, RFC 7617: any characters but these. @returns what is wrong; null: nothing */
export function basicMistake({ user, password }: { readonly user: string; readonly password: string }): string | null {
  if ([user, password].some((part) => /\p{Cc}/u.test(part)))
    return 'expected no control characters in user and password';
  return user.includes(':') ? 'expected no colon in the user, which would end it' : null;
}
