import type { Instant } from '../../../domain/engine';
import type { Recovery } from '../../../domain/vpn/recovery';
import { isHealthy, type Snapshot } from '../../../domain/vpn/observation';
import type { VpnData } from '../data';

/** How many outages are remembered, to estimate the length of the next one. */
const REMEMBERED = 5;
/** Estimates before anything is known: the VPN connects again, the health check notices it, and an engine starts. */
const TUNNEL_MS = 3_000;
const CHECKED_EVERY_MS = 5_000;
const ENGINE_START_MS = 3_000;

type Outages = Pick<VpnData, 'downSince' | 'outages'>;

export function outagesAfter({ downSince, outages }: Outages, { vpn }: Snapshot, at: Instant): Outages {
  if (!isHealthy(vpn)) return { downSince: downSince ?? at, outages };
  if (downSince === null) return { downSince, outages };
  return { downSince: null, outages: [...outages, Math.max(0, at - downSince)].slice(-REMEMBERED) };
}

export function recoveryOf({ downSince, outages, replacements, snapshot }: VpnData): Recovery {
  const starts = replacements.flatMap(({ readyAt, startedAt, failedAttempts }) =>
    readyAt === null || failedAttempts > 0 ? [] : [readyAt - startedAt],
  );
  const { checkedEveryMs = CHECKED_EVERY_MS } = snapshot?.vpn.kind === 'present' ? snapshot.vpn : {};
  const outageMs = median(outages) ?? TUNNEL_MS + checkedEveryMs;
  return { since: downSince, usualMs: outageMs + (median(starts) ?? ENGINE_START_MS) };
}

function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? null;
}
