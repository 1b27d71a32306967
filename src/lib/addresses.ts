/** Whether the address is one of this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Whether it means every address, which is one to listen on, but not to connect to. */
export function isUnspecified(host: string): boolean {
  return ['', '0.0.0.0', '::'].includes(host);
}

/** As in a URL, where an IPv6 address has brackets. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
