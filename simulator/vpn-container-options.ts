import type Docker from 'dockerode';
import { NODE, NODE_FLAGS, scriptPath } from './image';
import { RUN_LABEL } from './run-label';
import { ADMIN_PORT } from './vpn/messages';
import type { Auth, Release } from './vpn/messages';

export type SimulatedVpnOptions = {
  /** Names the simulation that `removeSimulation` removes as a whole. */
  runId: string;
  /** The container's name; the caller makes it unique. */
  name: string;
  /** Forwarded at first, one or several; 0 or absent: none. */
  port?: number | readonly number[];
  /** Bridge network, made for the run when there is none of that name. Default: Docker's own bridge. */
  network?: string;
  labels?: Record<string, string>;
  /** As in a Compose file. Default none: Docker does not start it again by itself. */
  restartPolicy?: 'unless-stopped';
  env?: Record<string, string>;
  /** Default v3.41.1. */
  release?: Release;
  /** Default none. */
  auth?: Auth;
  /** Gets a POST in the background after each new port. The host is `host.docker.internal` from inside. */
  upHookUrl?: string;
  /** Sent with it as the Authorization header. */
  upHookAuthorization?: string;
  /** As Gluetun's VPN_PORT_FORWARDING_UP_COMMAND; the only program in the image is `/node`. */
  upCommand?: string;
  downCommand?: string;
  /** It ends with this exit code as soon as it is started, as Gluetun does without its WireGuard key. */
  crashesWith?: number;
  /** Until the tunnel is up; the control server answers before. Default 500. */
  startDelayMs?: number;
  /** How long the port is 0 in a change. Default 100. */
  portGapMs?: number;
  /** Of Gluetun's control server, in its HTTP_CONTROL_SERVER_ADDRESS. Default 8000. */
  controlPort?: number;
  /** From one of Docker's health checks to the next; each costs 60 ms of a core and lasts until there is news, up to 4 s. Default 1000. */
  healthIntervalMs?: number;
  /** How long to wait for an answer of the simulator's own routes. Default 130 s, above what the commands may take. */
  adminLimitMs?: number;
  /** Publish on 127.0.0.1, at random ports. Always so where the host cannot reach a container's address. */
  publish?: boolean;
  /** Published too, at the same numbers, when anything is: the range that Portward gives engines. */
  enginePorts?: { from: number; to: number };
};

const NANOSECONDS = 1e6;
/**
 * Linux takes the ports of outgoing connections, those of the health check too, from 32768 to 60999, and keeps each for a minute
 * after the end: in that time nobody can listen there. So they come from below the ports of engines.
 */
const OUTGOING_PORTS = '10000 18999';

export function controlPortOf(options: SimulatedVpnOptions): number {
  return options.controlPort ?? 8000;
}

/** On Linux the host reaches containers at their own addresses; on a Mac or Windows they are in a virtual machine. */
export function isPublished(options: SimulatedVpnOptions): boolean {
  return options.publish === true || process.platform !== 'linux';
}

export function containerOptions(options: SimulatedVpnOptions, image: string): Docker.ContainerCreateOptions {
  const interval = (options.healthIntervalMs ?? 1000) * NANOSECONDS;
  return {
    name: options.name,
    Image: image,
    Entrypoint: [NODE, ...NODE_FLAGS, scriptPath('vpn/main.js')],
    Env: Object.entries({ ...settingsEnv(options), ...options.env }).map(([name, value]) => `${name}=${value}`),
    Labels: { ...options.labels, [RUN_LABEL]: options.runId },
    Healthcheck: {
      Test: ['CMD', NODE, ...NODE_FLAGS, scriptPath('vpn/health.js')],
      Interval: interval,
      // Docker 25 and later probe at this interval, by default 5 s, until the first success.
      StartInterval: interval,
      // Long, so that a busy machine does not look like a VPN that is down.
      Timeout: 10_000 * NANOSECONDS,
      // 'starting', not 'unhealthy', until the tunnel is up.
      StartPeriod: 600_000 * NANOSECONDS,
      Retries: 1,
    },
    ...publishedPorts(options),
  };
}

function settingsEnv(options: SimulatedVpnOptions): Record<string, string> {
  const optional: Record<string, string | undefined> = {
    RELEASE: options.release,
    AUTH: options.auth === undefined ? undefined : JSON.stringify(options.auth),
    UP_HOOK_URL: options.upHookUrl,
    UP_HOOK_AUTHORIZATION: options.upHookAuthorization,
    VPN_PORT_FORWARDING_UP_COMMAND: options.upCommand,
    VPN_PORT_FORWARDING_DOWN_COMMAND: options.downCommand,
    CRASHES_WITH: options.crashesWith?.toString(),
    START_DELAY_MS: options.startDelayMs?.toString(),
    PORT_GAP_MS: options.portGapMs?.toString(),
  };
  const env: Record<string, string> = {
    VPN_PORT_FORWARDING: 'on',
    HTTP_CONTROL_SERVER_ADDRESS: `:${controlPortOf(options)}`,
    // An array's text is its items, comma-joined.
    FORWARDED_PORT: String(options.port ?? 0),
  };
  for (const [name, value] of Object.entries(optional)) if (value !== undefined) env[name] = value;
  return env;
}

function publishedPorts(options: SimulatedVpnOptions): Docker.ContainerCreateOptions {
  const HostConfig: Docker.HostConfig = {
    NetworkMode: options.network ?? 'bridge',
    // Docker 20.10 and later; Docker Desktop knows the name anyhow.
    ExtraHosts: ['host.docker.internal:host-gateway'],
    Sysctls: { 'net.ipv4.ip_local_port_range': OUTGOING_PORTS },
    ...(options.restartPolicy === undefined ? {} : { RestartPolicy: { Name: options.restartPolicy } }),
  };
  if (!isPublished(options)) return { HostConfig };
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  const publish = (port: number, hostPort: string): void => {
    bindings[`${port}/tcp`] = [{ HostIp: '127.0.0.1', HostPort: hostPort }];
  };
  publish(controlPortOf(options), '');
  publish(ADMIN_PORT, '');
  if (options.enginePorts !== undefined) {
    for (let port = options.enginePorts.from; port <= options.enginePorts.to; port++) publish(port, String(port));
  }
  const ExposedPorts = Object.fromEntries(Object.keys(bindings).map((port) => [port, {}]));
  return { ExposedPorts, HostConfig: { ...HostConfig, PortBindings: bindings } };
}
