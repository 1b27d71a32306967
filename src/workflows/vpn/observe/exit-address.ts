import type { Instant } from '../../../domain/engine';
import type { PublicIp } from '../../../domain/vpn/observation';

/** The address under which a VPN is seen from outside, in one run of its container: another one means another tunnel. */
export interface ExitAddress {
  readonly current: string | null;
  /** Those before it, the newest last. */
  readonly earlier: readonly string[];
  /** When the port was last seen to go, to come or to change; null once the address has been read after that. */
  readonly interruptedAt: Instant | null;
}

export const noExitAddress: ExitAddress = { current: null, earlier: [], interruptedAt: null };

const EARLIER_AT_MOST = 8;

/** Something has happened after which the tunnel may be another one: what was read before says nothing any more. */
export function interrupted(exit: ExitAddress, at: Instant): ExitAddress {
  return { ...exit, interruptedAt: at };
}

/** @returns also since when the tunnel is another one; null if it is not */
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
  // A provider may have several, and show now the one and now the other.
  const isOneOfSeveral = interruptedAt === null && earlier.includes(address);
  const others = [...earlier.filter((e) => e !== address && e !== current), current].slice(-EARLIER_AT_MOST);
  return {
    exit: { current: address, earlier: others, interruptedAt: null },
    // An engine that was made after that has only known the new tunnel.
    reconnectedAt: isOneOfSeveral ? null : (interruptedAt ?? now),
  };
}
