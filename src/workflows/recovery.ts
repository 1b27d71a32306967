import type { Instant } from '../domain/engine';
import type { Recovery } from '../domain/recovery';
import { isHealthy, type Sight } from '../domain/observation';
import type { VpnData } from './vpn-data';

/** The latest outages tell what the next one will be like. */
const REMEMBERED = 5;
/** Until something is known: a tunnel that is built anew, and an engine that starts. */
const OUTAGE_MS = 8_000;
const ENGINE_START_MS = 3_000;

type Outages = Pick<VpnData, 'downSince' | 'outages'>;

export function outagesAfter({ downSince, outages }: Outages, { vpn }: Sight, at: Instant): Outages {
  if (!isHealthy(vpn)) return { downSince: downSince ?? at, outages };
  if (downSince === null) return { downSince, outages };
  return { downSince: null, outages: [...outages, Math.max(0, at - downSince)].slice(-REMEMBERED) };
}

export function recoveryOf({ downSince, outages, replacements }: VpnData): Recovery {
  const starts = replacements.flatMap(({ readyAt, startedAt, failedAttempts }) =>
    readyAt === null || failedAttempts > 0 ? [] : [readyAt - startedAt],
  );
  return { since: downSince, usualMs: (median(outages) ?? OUTAGE_MS) + (median(starts) ?? ENGINE_START_MS) };
}

function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? null;
}
