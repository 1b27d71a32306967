import type { Instant } from '../../../domain/engine';
import { decide } from '../decide/decide';
import { seenAgain } from '../decide/recurrence';
import { hasLooked, type VpnData } from '../data';

const HIGHEST_PORT = 65_535;

/** Whether the forwarded engine would be replaced, and hidden with that, if the next look brought another port and nothing else. */
export function replacesOnMove(data: VpnData, now: Instant): boolean {
  const { sight, port, portChanges, revision } = data;
  // What the last look did not show, the next one may: not the port alone would decide.
  if (sight?.port.kind !== 'known' || !hasLooked(data)) return false;
  const here = sight.port.port;
  const forwarded = data.engines.find((e) => e.role === 'forwarded' && e.p2pPort === here);
  if (!forwarded) return false;
  const elsewhere = here === HIGHEST_PORT ? here - 1 : here + 1;
  const { actions } = decide(
    {
      ...data,
      sight: { ...sight, port: { kind: 'known', port: elsewhere } },
      sightRevision: revision,
      port: { ...port, last: elsewhere },
      portChanges: seenAgain(portChanges, now),
    },
    now,
  );
  return actions.some((a) => a.kind === 'replace' && a.old.some(({ id }) => id === forwarded.id));
}
