/** Names of the search attributes by which VPNs are found in the Temporal UI. */
export const searchAttribute = { vpn: 'PortwardVpn', port: 'PortwardPort', state: 'PortwardState' } as const;
