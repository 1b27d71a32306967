import type { Plan } from './plan';

/** The file `.env`, both for Portward in this folder and for its container. It holds secrets. */
export function envText({ vpns, apiKey }: Plan): string {
  const names = vpns.map(({ name }) => name);
  return [
    '# Made by `portward init`. docs/reference/configuration.md says what else there is. It holds keys: keep it private.',
    '',
    names.length === 1 ? `GLUETUN_CONTAINER_NAME=${names[0]}` : `GLUETUN_CONTAINER_NAMES=${names.join(',')}`,
    '',
    "# HTTP ports of the engines; the VPN's container publishes the same ones.",
    ...vpns.map(({ range: { first, last } }, i) => `GLUETUN_PORT_RANGE_${i + 1}=${first}-${last}`),
    '',
    "# Key of the VPN's control server. Empty: it asks for none.",
    ...keys(vpns.map(({ key }) => key)),
    '',
    '# Requests that change something over the API need this key.',
    `API_KEY=${quoted(apiKey)}`,
    '',
  ].join('\n');
}

function keys(of: readonly string[]): string[] {
  if (new Set(of).size <= 1) return [`GLUETUN_API_KEY=${quoted(of[0] ?? '')}`];
  return of.map((key, i) => `GLUETUN_API_KEY_${i + 1}=${quoted(key)}`);
}

/** Quoted, since a # would begin a comment. */
function quoted(value: string): string {
  if (/^[\w.~+/=-]*$/.test(value)) return value;
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}
