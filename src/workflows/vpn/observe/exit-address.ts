import type { Instant } from '../../../domain/engine';
import type { PublicIp } from '../../../domain/vpn/observation';

/** The VPN's public address within one session. Another address means that the VPN has reconnected through another tunnel. */
export interface ExitAddress {
  readonly current: string | null;
  /** Earlier addresses, the newest last. */
  readonly earlier: readonly string[];
  /** When the port last came, went or changed; null once the address has been read after that. */
  readonly interruptedAt: Instant | null;
}

export const noExitAddress: ExitAddress = { current: null, earlier: [], interruptedAt: null };

const EARLIER_AT_MOST = 8;

/** Something has happened after which the tunnel may be another one: addresses read before do not count any more. */
export function interrupted(exit: ExitAddress, at: Instant): ExitAddress {
  return { ...exit, interruptedAt: at };
}

/** Takes in a read of the address. @returns `reconnectedAt`: since when the tunnel is another one; null: it is not */
export function exitSeen(
  exit: ExitAddress,
  read: PublicIp | undefined,
  now: Instant,
): { readonly exit: ExitAddress; readonly reconnectedAt: Instant | null } {
  const { current, earlier, interruptedAt } = exit;
  if (read === undefined || (interruptedAt !== null && read.at < interruptedAt)) return { exit, reconnectedAt: null };
  const { address } = read;
  if (current === null || current === address)
    return { exit: { ...exit, current: address, interruptedAt: null }, reconnectedAt: null };
  // A provider may have several addresses, and show one or the other.
  const isOneOfSeveral = interruptedAt === null && earlier.includes(address);
  const others = [...earlier.filter((e) => e !== address && e !== current), current].slice(-EARLIER_AT_MOST);
  return {
    exit: { current: address, earlier: others, interruptedAt: null },
    // Engines that were made after the interruption have only used the new tunnel.
    reconnectedAt: isOneOfSeveral ? null : (interruptedAt ?? now),
  };
}
