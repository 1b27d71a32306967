import type { FleetSettings, FleetVpn } from '../../domain/fleet/fleet';
import type { PoolCondition, PoolReport } from '../../domain/fleet/pool';

// As in parse.ts: anyone may send a signal with anything in it, and null means that it can't be used.

const DEMAND_AT_MOST = 100_000;

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function isCount(value: unknown, least = 0): value is number {
  return Number.isSafeInteger(value) && Number(value) >= least;
}

function isFleetVpn(value: unknown): value is FleetVpn {
  const v = fields(value);
  return typeof v?.['vpn'] === 'string' && v['vpn'] !== '' && isCount(v['capacity'], 1) && isCount(v['initialTarget']);
}

export function parseDemand(value: unknown): number | null {
  return isCount(value) && value <= DEMAND_AT_MOST ? value : null;
}

export function parseFleetSettings(value: unknown): FleetSettings | null {
  const s = fields(value);
  if (!s || typeof s['instance'] !== 'string' || !Array.isArray(s['vpns'])) return null;
  const vpns: unknown[] = s['vpns'];
  const { instance, minReplicas, minFreeReplicas, maxReplicas, maxActiveReplicas, autoscaleIntervalMs } = s;
  const fits =
    vpns.length > 0 &&
    isCount(minReplicas) &&
    isCount(minFreeReplicas) &&
    isCount(maxReplicas, 1) &&
    isCount(maxActiveReplicas, 1) &&
    typeof autoscaleIntervalMs === 'number' &&
    autoscaleIntervalMs > 0;
  if (!fits || !vpns.every(isFleetVpn)) return null;
  return { instance, vpns, minReplicas, minFreeReplicas, maxReplicas, maxActiveReplicas, autoscaleIntervalMs };
}

function isCondition(value: unknown): value is PoolCondition {
  return value === 'healthy' || value === 'unsettled' || value === 'down';
}

export function parsePoolReport(value: unknown): PoolReport | null {
  const r = fields(value);
  const f = fields(r?.['facts']);
  if (!f || typeof r?.['vpn'] !== 'string' || typeof r['lineage'] !== 'string') return null;
  const { condition, engines, busy, reserved, target } = f;
  if (!isCondition(condition) || !isCount(engines) || !isCount(busy) || !isCount(reserved) || !isCount(target))
    return null;
  return { vpn: r['vpn'], lineage: r['lineage'], facts: { condition, engines, busy, reserved, target } };
}
