/** The label of every container and network of a simulation; its value is the run's id. */
export const RUN_LABEL = 'portward.simulator';

/** Portward's label on an engine: the name of the VPN container that it runs in. */
export const VPN_LABEL = 'acestream.vpn_container';
