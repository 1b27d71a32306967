// The messages between the host and the simulated VPN's admin server. Both sides import this file, so it has only types and constants.

/** Another port than Gluetun's, so that nobody takes the simulator's routes for Gluetun's API. */
export const ADMIN_PORT = 8999;

/**
 * The simulated release of Gluetun. 'legacy' stands for early releases without `/v1/portforward`. v3.40.0, the last release without it,
 * answers unknown routes with 401 instead of 404.
 */
export const RELEASES = ['v3.41.1', 'master', 'v3.40.0', 'legacy'] as const;
export type Release = (typeof RELEASES)[number];

/** 'unconfigured' is a Gluetun without an auth file: open on v3.41.1 and before, 401 everywhere on master. */
export type Auth =
  | { mode: 'none' }
  | { mode: 'unconfigured' }
  | { mode: 'apikey'; key: string }
  | { mode: 'basic'; user: string; password: string };

export const ROUTES = ['portforward', 'status', 'publicip'] as const;
export type Route = (typeof ROUTES)[number];

/** Faults of the control server's answers. A fault lasts until another fault or null replaces it, or until `forMs` is over. */
export const ANSWER_FAULTS = ['hang', '500', 'garbage', '301', '401', 'echo'] as const;
export type AnswerFault = {
  kind: (typeof ANSWER_FAULTS)[number];
  /** Default: every route. */
  route?: Route;
  forMs?: number;
  /**
   * For 301 only. Default: the requested path itself, which makes an endless redirect. A path of the control server itself gets a right
   * answer.
   */
  location?: string;
  /** For garbage only: the body of the answer, with status 200. */
  body?: string;
};

/**
 * 'lost': the port is 0 until the VPN is stopped and started; no other fault, nor null, brings it back. 'deadlock': the next stop of the
 * VPN never ends.
 */
export type Fault = AnswerFault | { kind: 'lost' } | { kind: 'deadlock' };

/** The times of port changes; an absent time stays as it is. */
export type ChangeTimes = {
  /** How long the port is 0. */
  portGapMs?: number;
  /** Added to the time of the up-command; without an up-command, the time itself. A GET of the port hangs meanwhile. */
  upCommandMs?: number;
  downCommandMs?: number;
};

/** How a tunnel dies, through which nothing passes any more. Defaults, as Gluetun's: 157 s and 178 s. */
export type DeadTunnel = {
  /** Until then the control server says the old port. After that the port is lost. */
  portLostAfterMs?: number | undefined;
  /** Until then Docker's health check succeeds. */
  unhealthyAfterMs?: number | undefined;
};

export type TunnelStatus = 'starting' | 'running' | 'stopping' | 'stopped';

/** Times are ms since the epoch, by the container's clock, which is the host's. */
export type PortChange = { oldPortDroppedAt: number; newPortSetAt: number; finishedAt: number };

export type CommandRun = {
  command: 'up' | 'down';
  ports: number[];
  startedAt: number;
  endedAt: number | null;
  /** null while it runs, and if it was killed or could not be started. */
  exitCode: number | null;
};

/** A `PUT /v1/vpn/status`, whatever its result. */
export type StatusOrder = { at: number; status: 'running' | 'stopped' };

export type HookCall = { at: number; ports: number[]; outcome: string };

export type VpnState = {
  release: Release;
  status: TunnelStatus;
  /** The forwarded port now; 0 (and `ports` empty) while there is none. */
  port: number;
  ports: number[];
  /** The ports that the provider will give next. */
  nextPorts: number[];
  lost: boolean;
  /** Whether anything passes through the tunnel. Gluetun may not have noticed that nothing does. */
  alive: boolean;
  healthy: boolean;
  fault: AnswerFault | null;
  times: Required<ChangeTimes>;
  auth: Auth;
  startedAt: number;
  commands: CommandRun[];
  hooks: HookCall[];
  /** Orders to the control server since the process started; without those to the admin server. */
  orders: StatusOrder[];
};

export type LoggedRequest = {
  at: number;
  method: string;
  path: string;
  /** null while unanswered, and for ever if the client gave up before. */
  status: number | null;
  answeredAt: number | null;
};
