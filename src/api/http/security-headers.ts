/**
 * On every answer. The API answers data only, so a browser that is led here may do nothing with it: not run it, not
 * show it in a frame, not take it for something else, not keep it. A route that serves pages sets its own.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  // Lists change by the second, and hold what nobody else should find in a cache.
  'cache-control': 'no-store',
};
