/** Of this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** 'Every address', which is one to listen on, not one to connect to. */
export function isUnspecified(host: string): boolean {
  return ['', '0.0.0.0', '::'].includes(host);
}

/** As in a URL, where an IPv6 address has brackets. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
