/**
 * What Portward does to a VPN that does not recover by itself. It restarts the VPN's container or, when only the port is lost, the
 * VPN inside its container, which leaves the engines' network in place.
 */
export type RemedyKind = 'restart container' | 'restart VPN';

/** Docker calls the VPN unhealthy, its port is lost, or its control server does not answer. */
export type RemedyReason = 'unhealthy' | 'port lost' | 'control server hangs';
