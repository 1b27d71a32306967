/**
 * What is done to a VPN that does not get well by itself: its container is restarted, or, when only its port is lost,
 * the VPN inside its container, which leaves the engines' network in place.
 */
export type RemedyKind = 'restart container' | 'restart VPN';

/** Docker calls the VPN unhealthy, its port is gone, or its control server takes no order any more. */
export type RemedyReason = 'unhealthy' | 'port lost' | 'control server hangs';
