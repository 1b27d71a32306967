import { to } from '../targets';
import { flag, integer, oneOf, port, portRange, seconds, text } from '../validators';

// Variables of the VPNs, and of their ports for engines: see index.ts.

export const vpnVariables = {
  VPN_MODE: oneOf(
    'single',
    'redundant',
  )({
    default: 'single',
    desc: 'single: one VPN. redundant: a second VPN as well (GLUETUN_CONTAINER_NAME_2), with engines of its own.',
  }),
  GLUETUN_CONTAINER_NAME: text({ default: '', desc: 'Name of the VPN (Gluetun) container.' }),
  GLUETUN_CONTAINER_NAME_2: text({
    default: '',
    desc: 'Name of the second VPN container; used with VPN_MODE=redundant.',
  }),
  GLUETUN_CONTAINER_NAMES: text({
    default: '',
    desc: 'Names of any number of VPN containers, comma-separated; replaces the three variables above.',
  }),
  GLUETUN_API_PORT: port({
    default: undefined,
    desc: "Port of Gluetun's control server, inside the VPN container. Not set: the port in the container's HTTP_CONTROL_SERVER_ADDRESS.",
  }),
  GLUETUN_TIMEOUT_S: to(
    'gluetun.timeoutMs',
    seconds(
      0.1,
      60,
    )({ default: 5_000, desc: 'How long Portward waits for an answer of the control server, in seconds (0.1 to 60).' }),
  ),
  GLUETUN_HEALTH_CHECK_INTERVAL_S: to(
    'everyVpn.checkIntervalMs',
    seconds(
      0.1,
      3600,
    )({
      default: 5_000,
      desc: "How often Portward checks a VPN's container and forwarded port, in seconds (0.1 to 3600).",
    }),
  ),
  GLUETUN_PORT_CACHE_TTL_S: to(
    'everyVpn.portCacheTtlMs',
    seconds(
      0,
      86_400,
    )({ default: 60_000, desc: "How long the last known port stays valid while it can't be read, in seconds." }),
  ),
  GLUETUN_PORT_INDEX: integer(
    0,
    99,
  )({
    default: 0,
    desc: 'Which port to follow if the VPN forwards several, counted from 0. Portward goes on following that port if their order changes.',
  }),
  VPN_UNHEALTHY_RESTART_TIMEOUT_S: to(
    'everyVpn.unhealthyRestartMs',
    seconds(
      0,
      86_400,
    )({
      default: 60_000,
      desc: 'How long Docker may call the VPN container unhealthy before Portward restarts it, in seconds. The time grows with each restart. 0: Portward never restarts it.',
    }),
  ),
  VPN_RESTART_ENGINES_ON_RECONNECT: to(
    'everyVpn.replaceOnReconnect',
    flag({
      default: true,
      desc: 'true: when a VPN is healthy again after an outage, Portward replaces its engines one after the other.',
    }),
  ),
  PORT_LOST_TIMEOUT_S: to(
    'everyVpn.portLostMs',
    seconds(
      0,
      86_400,
    )({
      default: 60_000,
      desc: 'How long a VPN may have no port before Portward restarts it inside its container, in seconds; 3 restarts at most. 0: never.',
    }),
  ),
  PORT_CHANGE_SPACING_MAX_S: to(
    'everyVpn.longestBackoffMs',
    seconds(
      0,
      3600,
    )({
      default: 300_000,
      desc: 'The longest pause between replacements while the port keeps changing, in seconds; the pauses grow up to it. 0: no pauses.',
    }),
  ),
  PORT_RANGE_HOST: portRange({
    default: { first: 19_000, last: 19_999 },
    desc: 'HTTP ports that VPNs without a range of their own share evenly.',
  }),
  ACE_HTTPS_RANGE: to(
    'everyVpn.httpsPorts',
    portRange({
      default: { first: 45_000, last: 49_999 },
      desc: "HTTPS ports of engines. They are used inside the VPN's network only and need not be published.",
    }),
  ),
};
