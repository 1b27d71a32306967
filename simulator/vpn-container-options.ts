import type Docker from 'dockerode';
import { NODE, NODE_FLAGS, scriptPath } from './image';
import { RUN_LABEL } from './run-label';
import { ADMIN_PORT } from './vpn/messages';
import type { Auth, Release } from './vpn/messages';

export type SimulatedVpnOptions = {
  /** The id of the run, by which `removeSimulation` removes everything. */
  runId: string;
  /** The container's name, which has to be unique. */
  name: string;
  /** The first forwarded port, or several; 0 or absent: none. */
  port?: number | readonly number[];
  /** The name of a bridge network, which is made if it does not exist. Default: Docker's own bridge. */
  network?: string;
  labels?: Record<string, string>;
  /** As in a Compose file. Default: none, so Docker does not start the container again by itself. */
  restartPolicy?: 'unless-stopped';
  env?: Record<string, string>;
  /** Default: v3.41.1. */
  release?: Release;
  /** Default: none. */
  auth?: Auth;
  /** Gets a POST in the background after each new port. From inside the container the host is `host.docker.internal`. */
  upHookUrl?: string;
  /** The Authorization header of that POST. */
  upHookAuthorization?: string;
  /** Gluetun's VPN_PORT_FORWARDING_UP_COMMAND; the only program in the image is `/node`. */
  upCommand?: string;
  downCommand?: string;
  /** The container ends with this exit code just after each start, as Gluetun does without its WireGuard key. */
  crashesWith?: number;
  /** Time until the tunnel is up; the control server answers before. Default: 500. */
  startDelayMs?: number;
  /** How long the port is 0 in a change. Default: 100. */
  portGapMs?: number;
  /** The port of Gluetun's control server, in its HTTP_CONTROL_SERVER_ADDRESS. Default: 8000. */
  controlPort?: number;
  /**
   * The pause between Docker's health checks. A check costs 60 ms of CPU time, and lasts until the health changes, at most 4 s.
   * Default: 1000.
   */
  healthIntervalMs?: number;
  /** How long to wait for an answer of the simulator's own routes. Default: 130 s, which is longer than the commands may take. */
  adminLimitMs?: number;
  /** Publish the ports on 127.0.0.1, at random numbers. Always on if the host can't reach a container's address. */
  publish?: boolean;
  /** The range of ports that Portward gives engines. If ports are published, these are too, with the same numbers. */
  enginePorts?: { from: number; to: number };
};

/** In a millisecond. */
const NANOSECONDS = 1e6;
/**
 * Linux takes the ports of outgoing connections, also of the health check, from 32768 to 60999, and keeps each one for a minute after the
 * connection. Nobody can listen on it then. So the range is moved below the ports of engines.
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
      // Docker 25 and later use this interval (default 5 s) until the first success.
      StartInterval: interval,
      // Long, so that the check does not fail only because the machine is busy.
      Timeout: 10_000 * NANOSECONDS,
      // Until the tunnel is up the health is 'starting', not 'unhealthy'.
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
    // `String` joins an array's items with commas.
    FORWARDED_PORT: String(options.port ?? 0),
  };
  for (const [name, value] of Object.entries(optional)) if (value !== undefined) env[name] = value;
  return env;
}

function publishedPorts(options: SimulatedVpnOptions): Docker.ContainerCreateOptions {
  const HostConfig: Docker.HostConfig = {
    NetworkMode: options.network ?? 'bridge',
    // For Docker 20.10 and later; Docker Desktop knows the name anyway.
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
