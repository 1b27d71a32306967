import { labelsWithinRoom } from '../../../domain/labels';
import type { Instant } from '../../../domain/engine';
import type { SealedCallerOptions } from '../../../domain/replacement';
import type { Begun } from '../act/effect';
import type { ProvisionRequest } from '../messages';
import type { VpnState } from '../state';
import { provisioningRefusal } from './eligibility';

/**
 * An engine that somebody asks for, beyond those that are kept anyway. A repeated request is answered with the replacement
 * that it has begun. @throws Error that says why there can be none
 */
export function provision(state: VpnState, request: ProvisionRequest, now: Instant): Begun {
  const { labels, sealedEnv, httpPort, requestId } = request;
  const joined = state.data.replacements.find((r) => r.requestId === requestId);
  if (joined) return { replacement: joined, effect: null };
  const refused = provisioningRefusal(state.data, request, now);
  if (refused !== null) throw new Error(refused);
  const extras: SealedCallerOptions = { labels, sealedEnv };
  const bringUp = { role: 'plain' as const, p2pPort: null, extras: inBrief(extras), httpPort };
  const replacement = state.begin({ cause: 'requested', old: [], bringUp, requestId }, now);
  const target = replacement.target && { ...replacement.target, extras };
  return { replacement, effect: { kind: 'start', replacement: { ...replacement, target } } };
}

/**
 * What the VPN remembers of a caller's wishes, since its state stays small: enough to show. All of them are in the input
 * of the replacement that brings the engine up.
 */
function inBrief({ labels }: SealedCallerOptions): SealedCallerOptions {
  return { labels: labelsWithinRoom(labels), sealedEnv: null };
}
