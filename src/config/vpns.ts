import type { GluetunAuth } from '../clients/gluetun/client';
import type { Port } from '../domain/engine';
import type { PortRange } from '../domain/settings';
import { messageOf } from '../lib/errors';
import { gluetunAuth } from './gluetun';
import type { Env, Reading } from './reading';
import { parsePort, parsePortRange } from './validators';
import type { Variables } from './variables';

export interface VpnConfig {
  readonly name: string;
  readonly httpPorts: PortRange;
  /** Number of engines on this VPN, including the forwarded one. */
  readonly targetEngines: number;
  readonly gluetunAuth: GluetunAuth;
  /** The control server's port; null: the one that the container's environment names. */
  readonly apiPort: Port | null;
  /** Index of the forwarded port that the engine follows; 0 is the first. */
  readonly portIndex: number;
}

const DOCKER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** The VPNs in their order, each with the variables of its number. */
export function vpnConfigs({ values, given, mistakes, comparable }: Reading): VpnConfig[] {
  const names = vpnNames(values, mistakes);
  for (const name of names) {
    if (!DOCKER_NAME.test(name))
      mistakes.push(
        `VPN container name: expected a letter or digit, and then at least one letter, digit, '_', '.' or '-', as Docker does; got '${name}'`,
      );
  }
  if (new Set(names).size < names.length)
    mistakes.push(`VPN container names: expected different ones, got ${names.join(', ')}`);
  const before = mistakes.length;
  const own = names.map((_, index) => ofVpn(given, 'GLUETUN_PORT_RANGE', index + 1, parsePortRange, mistakes));
  const ranges = shares(values.PORT_RANGE_HOST, own);
  const readable = mistakes.length === before && comparable('PORT_RANGE_HOST');
  ranges.forEach((range, index) => {
    if (!readable) return;
    const other = ranges.findIndex((r, i) => i > index && r.first <= range.last && range.first <= r.last);
    if (other >= 0)
      mistakes.push(
        `port ranges of ${names[index]} and ${names[other]} overlap: expected a range of its own for each VPN (GLUETUN_PORT_RANGE_${index + 1}, GLUETUN_PORT_RANGE_${other + 1})`,
      );
    if (range.last < range.first) mistakes.push(`PORT_RANGE_HOST: too small to be shared by ${names.length} VPNs`);
  });
  return names.map((name, index) => ({
    name,
    httpPorts: ranges[index] ?? values.PORT_RANGE_HOST,
    targetEngines: share(values.MIN_REPLICAS, names.length, index),
    gluetunAuth: gluetunAuth(given, index + 1, mistakes),
    apiPort: ofVpn(given, 'GLUETUN_API_PORT', index + 1, parsePort, mistakes) ?? values.GLUETUN_API_PORT ?? null,
    portIndex: values.GLUETUN_PORT_INDEX,
  }));
}

function vpnNames(values: Variables, mistakes: string[]): string[] {
  const listed = values.GLUETUN_CONTAINER_NAMES.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (listed.length > 0) return listed;
  const { GLUETUN_CONTAINER_NAME: first, GLUETUN_CONTAINER_NAME_2: second, VPN_MODE } = values;
  if (first === '') {
    mistakes.push(
      'GLUETUN_CONTAINER_NAME: expected the name of the VPN container (GLUETUN_CONTAINER_NAMES for several), got nothing',
    );
    return [];
  }
  if (VPN_MODE === 'single') return [first];
  if (second === '')
    mistakes.push(
      'GLUETUN_CONTAINER_NAME_2: expected the second VPN container, because VPN_MODE=redundant, got nothing',
    );
  return [first, second].filter((name) => name !== '');
}

/** A variable with a VPN's number at the end; null if it is not set, or invalid. */
function ofVpn<T>(
  given: Env,
  variable: string,
  number: number,
  parse: (text: string) => T,
  mistakes: string[],
): T | null {
  const name = `${variable}_${number}`;
  const text = given[name];
  if (text === undefined) return null;
  try {
    return parse(text);
  } catch (error) {
    mistakes.push(`${name}: ${messageOf(error)}`);
    return null;
  }
}

/**
 * The port range of each VPN. VPNs without a range of their own share PORT_RANGE_HOST evenly, since two containers
 * can't publish one port.
 */
function shares(all: PortRange, own: (PortRange | null)[]): PortRange[] {
  const sharing = own.filter((range) => range === null).length;
  const size = Math.floor((all.last - all.first + 1) / Math.max(1, sharing));
  let next = all.first;
  return own.map((range) => {
    if (range) return range;
    const given = { first: next, last: next + size - 1 };
    next += size;
    return given;
  });
}

/** A VPN's share of the number of engines over all VPNs; at least one, unless the number is 0. */
export function share(total: number, vpns: number, index: number): number {
  return Math.max(Math.min(1, total), Math.floor(total / vpns) + (index < total % vpns ? 1 : 0));
}
