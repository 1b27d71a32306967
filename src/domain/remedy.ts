/** Docker calls the VPN unhealthy, its port is gone, or its control server takes no order any more. */
export type RemedyReason = 'unhealthy' | 'port lost' | 'control server hangs';
