import { labelsWithinRoom } from '../../../domain/labels';
import type { Instant } from '../../../domain/engine';
import type { SealedCallerOptions } from '../../../domain/replacement';
import type { Begun } from '../act/effect';
import type { ProvisionRequest } from '../messages';
import type { VpnState } from '../state';
import { provisioningRefusal } from './eligibility';

/**
 * Begins the replacement for an engine that somebody asks for, beyond those that are kept anyway. A repeated request is answered with
 * the replacement that it began the first time. @throws Error that says why no engine can be brought up
 */
export function provision(state: VpnState, request: ProvisionRequest, now: Instant): Begun {
  const { labels, sealedEnv, httpPort, requestId } = request;
  const joined = state.data.replacements.find((r) => r.requestId === requestId);
  if (joined) return { replacement: joined, effect: null };
  const refused = provisioningRefusal(state.data, request, now);
  if (refused !== null) throw new Error(refused);
  const callerOptions: SealedCallerOptions = { labels, sealedEnv };
  const bringUp = { role: 'plain' as const, p2pPort: null, callerOptions: inBrief(callerOptions), httpPort };
  const replacement = state.begin({ cause: 'requested', old: [], bringUp, requestId }, now);
  const target = replacement.target && { ...replacement.target, callerOptions };
  return { replacement, effect: { kind: 'start', replacement: { ...replacement, target } } };
}

/**
 * The part of the caller options that the VPN's state keeps, to stay small: the labels that are shown. The replacement's input has all of
 * them.
 */
function inBrief({ labels }: SealedCallerOptions): SealedCallerOptions {
  return { labels: labelsWithinRoom(labels), sealedEnv: null };
}
