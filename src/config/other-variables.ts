// Variables that are read, but are not in `variables`.

/** Variables that other parts of Portward, or libraries, read from the environment. */
export const readElsewhere: readonly string[] = [
  'PORTWARD_DATA_DIR',
  'PORTWARD_CACHE_DIR',
  'PORTWARD_URL',
  'DOCKER_HOST',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS_VERIFY',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS',
  'TEMPORAL_TLS_CLIENT_CERT_PATH',
  'TEMPORAL_TLS_CLIENT_CERT_DATA',
  'TEMPORAL_TLS_CLIENT_KEY_PATH',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
  'TEMPORAL_TLS_SERVER_NAME',
  'TEMPORAL_CONFIG_FILE',
  'TEMPORAL_PROFILE',
  'TEMPORAL_CLI_PATH',
];

/** Variables with a VPN's number at the end: see vpns.ts. */
export const ofEachVpn = [
  'GLUETUN_PORT_RANGE',
  'GLUETUN_API_PORT',
  'GLUETUN_API_KEY',
  'GLUETUN_USER',
  'GLUETUN_PASSWORD',
];

/** The same without a number, for all VPNs that have none of their own. */
export const forAllVpns = ['GLUETUN_USER', 'GLUETUN_PASSWORD', 'GLUETUN_API_KEY'];
