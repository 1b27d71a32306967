import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { vpnJson } from '../../../src/api/present/vpn';
import { vpnGauges } from '../../../src/api/metrics/vpn-gauges';
import type { DockerHealth } from '../../../src/domain/vpn/observation';
import { statusView } from '../../../src/workflows/vpn/views/status-view';
import { noPort, type VpnData } from '../../../src/workflows/vpn/data';
import { presentVpn, snapshot, vpnData } from '../../builders';
import { parseExposition, valueOf } from './exposition';

// Whether the critical alert rules would fire for a VPN in a given state, apart from their waiting times.

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

const FILE = join(__dirname, '..', '..', '..', 'deploy', 'prometheus-alerts.yml');
const { groups } = parse(readFileSync(FILE, 'utf8')) as { groups: { rules: Rule[] }[] };

/** Whether the rule's expression holds. It must be a list of comparisons joined by `and`. @throws for any other expression */
async function holds(alert: string, data: VpnData): Promise<boolean> {
  const registry = new Registry();
  const view = statusView(data);
  const rest = { engines: [], streams: null, staleStreams: 0 };
  const vpn = { name: 'gluetun', json: vpnJson(view, null, null), view, staleSeconds: 0 };
  vpnGauges(registry, { ...rest, vpns: [vpn] }, Date.now());
  const families = parseExposition(await registry.metrics());
  const expression = groups.flatMap(({ rules }) => rules).find((rule) => rule.alert === alert)?.expr ?? '';
  return expression.split(/\s+and on \(vpn, instance\)\s+/).every((comparison) => {
    const [, name, expected] = /^(\w+) == ([01])$/.exec(comparison.trim()) ?? [];
    if (name === undefined) throw new Error(`expected 'metric == 0' or '== 1', found '${comparison}'`);
    return valueOf(families, name, { vpn: 'gluetun' }) === Number(expected);
  });
}

const without = (portForwarding: boolean, last: number | null, health: DockerHealth = 'healthy'): VpnData =>
  vpnData({
    snapshot: snapshot(65_290, {
      vpn: presentVpn({ portForwarding, health }),
      port: { kind: 'unknown', forMs: 1, reason: 'none', none: true },
    }),
    port: { ...noPort, last, unknownSince: 0 },
    engines: [],
  });

describe.each(['PortwardNoForwardedEngine', 'PortwardPortLost'])('%s', (alert) => {
  test('does not fire for a VPN without port forwarding', async () => {
    expect(await holds(alert, without(false, null))).toBe(false);
  });

  test('fires for a VPN with port forwarding and without a port', async () => {
    expect(await holds(alert, without(true, null))).toBe(true);
  });

  test('fires for a VPN that had a port in this run of its container', async () => {
    expect(await holds(alert, without(false, 65_290))).toBe(true);
  });

  test('does not fire for a VPN that is not healthy', async () => {
    expect(await holds(alert, without(true, null, 'unhealthy'))).toBe(false);
  });
});
