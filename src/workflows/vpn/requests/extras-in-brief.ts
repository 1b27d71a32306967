import { labelsWithinRoom } from '../../../domain/labels';
import type { EngineExtras } from '../../../domain/replacement';

/**
 * What the VPN remembers of a caller's wishes, since its state stays small: enough to show. All of them are in the input
 * of the replacement that brings the engine up.
 */
export function inBrief({ labels }: EngineExtras): EngineExtras {
  return { labels: labelsWithinRoom(labels), sealedEnv: null };
}
