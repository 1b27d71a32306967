import type { VpnSource } from '../../gateways/vpn-source';
import type { Changes } from '../../lib/changes';
import type { FollowedHistory } from './followed-history';
import type { Freshness } from './freshness';

/** What the parts of a follower share. */
export interface Followed {
  readonly source: VpnSource;
  readonly history: FollowedHistory;
  readonly freshness: Freshness;
  readonly changes: Changes;
  readonly stopping: AbortSignal;
}
