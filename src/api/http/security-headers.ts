/** For a page, or for what is none: what it names, from here, and nothing else. */
export function contentPolicy(...directives: readonly string[]): string {
  return ["default-src 'none'", ...directives, "frame-ancestors 'none'"].join('; ');
}

/** For a page with scripts and styles in files of its own, which asks this API only. */
export const pageDirectives: readonly string[] = [
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
];

/**
 * On every answer. The API answers data only, so a browser that is led here may do nothing with it: not run it, not
 * show it in a frame, not take it for something else, not keep it. A route that serves pages sets its own.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentPolicy(),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  // Lists change by the second, and hold what nobody else should find in a cache.
  'cache-control': 'no-store',
};
