import { messageOf } from '../lib/errors';
// Checks of secrets in HTTP headers. No error repeats a secret.

/**
 * Returns the secret without surrounding blanks, which a header's value loses anyway. Characters outside of printable
 * ASCII can't be sent by every client, or arrive changed.
 * @throws Error that says what was expected
 */
export function headerSecret(value: string): string {
  const secret = value.trim();
  const other = secret.search(/[^ -~]/);
  if (other < 0) return secret;
  throw new Error(
    `expected printable ASCII characters, as it is sent in an HTTP header; character ${other + 1} is not one of them`,
  );
}

/** The checked secret of a variable. A mistake is added once, however many VPNs share the variable. */
export function checkedHeaderSecret(variable: string, secret: string, mistakes: string[]): string {
  try {
    return headerSecret(secret);
  } catch (error) {
    const mistake = `${variable}: ${messageOf(error)}`;
    if (!mistakes.includes(mistake)) mistakes.push(mistake);
    return secret;
  }
}

/** Checks user and password of basic authentication (RFC 7617). @returns what is wrong; null: nothing */
export function basicMistake({ user, password }: { readonly user: string; readonly password: string }): string | null {
  if ([user, password].some((part) => /\p{Cc}/u.test(part)))
    return 'expected no control characters in user and password';
  return user.includes(':') ? 'expected no colon in the user, which would end it' : null;
}
