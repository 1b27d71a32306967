/** A Content-Security-Policy that allows only what the directives name. Without directives it is for answers that are not pages. */
export function contentPolicy(...directives: readonly string[]): string {
  return ["default-src 'none'", ...directives, "frame-ancestors 'none'"].join('; ');
}

/** For a page whose scripts and styles are files of this server, and which sends requests to this API only. */
export const pageDirectives: readonly string[] = [
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
];

/**
 * The headers of every answer. The API answers with data, so a browser must not run it, show it in a frame, guess another type, or store it.
 * Routes that serve pages set a Content-Security-Policy of their own.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentPolicy(),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  // Lists change every second, and should not be left in a cache that others can read.
  'cache-control': 'no-store',
};
