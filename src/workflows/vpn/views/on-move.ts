import type { Instant } from '../../../domain/engine';
import { decide } from '../decide/decide';
import { seenAgain } from '../decide/backoff';
import { hasUsableSnapshot, type VpnData } from '../data';

const HIGHEST_PORT = 65_535;

/** Whether the forwarded engine would be hidden and replaced if the next snapshot showed another port and no other change. */
export function replacesOnMove(data: VpnData, now: Instant): boolean {
  const { snapshot, port, portChanges, revision } = data;
  // After an outdated snapshot the next one may show more than another port.
  if (snapshot?.port.kind !== 'known' || !hasUsableSnapshot(data)) return false;
  const here = snapshot.port.port;
  const forwarded = data.engines.find((e) => e.role === 'forwarded' && e.p2pPort === here);
  if (!forwarded) return false;
  const elsewhere = here === HIGHEST_PORT ? here - 1 : here + 1;
  const { actions } = decide(
    {
      ...data,
      snapshot: { ...snapshot, port: { kind: 'known', port: elsewhere } },
      snapshotRevision: revision,
      port: { ...port, last: elsewhere },
      portChanges: seenAgain(portChanges, now),
    },
    now,
  );
  return actions.some((a) => a.kind === 'replace' && a.old.some(({ id }) => id === forwarded.id));
}
