// What travels between a test and the simulated VPN's admin server. Imported on both sides, so types and constants only.

/** Never Gluetun's own port, so that the simulator's routes cannot be mistaken for Gluetun's API. */
export const ADMIN_PORT = 8999;

/**
 * Which Gluetun is played. 'legacy' stands for the releases before `/v1/portforward` existed, as the early ones were;
 * v3.40.0, the last of them, refuses routes that it does not know, instead of not finding them.
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

/** What the control server can get wrong. It lasts until another fault or null replaces it, or until `forMs` is over. */
export const ANSWER_FAULTS = ['hang', '500', 'garbage', '301', '401', 'echo'] as const;
export type AnswerFault = {
  kind: (typeof ANSWER_FAULTS)[number];
  /** Without it every route is affected. */
  route?: Route;
  forMs?: number;
  /**
   * For 301 only. Without it the redirect points back at the path asked for, which never ends; a path of the control
   * server itself answers as if there were no fault.
   */
  location?: string;
  /** For garbage only: what is answered, with status 200. */
  body?: string;
};

/**
 * 'lost': the port is 0 until the VPN is stopped and started; no other fault, nor null, brings it back. 'deadlock': who tells
 * the VPN to stop from now on leaves it stopping for ever.
 */
export type Fault = AnswerFault | { kind: 'lost' } | { kind: 'deadlock' };

/** How a change of ports goes from now on; what is left out stays as it is. */
export type ChangeTimes = {
  /** How long the port is 0. */
  portGapMs?: number;
  /** The up-command takes so much longer, or as long if there is none. A GET of the port hangs meanwhile. */
  upCommandMs?: number;
  downCommandMs?: number;
};

/** A tunnel through which nothing passes any more. Gluetun's defaults: 157 s and 178 s. */
export type DeadTunnel = {
  /** Until then the control server goes on telling the old port. After it the port is lost. */
  portLostAfterMs?: number | undefined;
  /** Until then Docker's health check succeeds. */
  unhealthyAfterMs?: number | undefined;
};

export type TunnelStatus = 'starting' | 'running' | 'stopping' | 'stopped';

/** Times are ms since the epoch, of the container, which shares its clock with the host. */
export type PortChange = { oldPortDroppedAt: number; newPortSetAt: number; finishedAt: number };

export type CommandRun = {
  command: 'up' | 'down';
  ports: number[];
  startedAt: number;
  endedAt: number | null;
  /** null while it runs, and when it was killed or could not be started. */
  exitCode: number | null;
};

/** A `PUT /v1/vpn/status`, whatever came of it. */
export type StatusOrder = { at: number; status: 'running' | 'stopped' };

export type HookCall = { at: number; ports: number[]; outcome: string };

export type VpnState = {
  release: Release;
  status: TunnelStatus;
  /** What the provider forwards right now; 0 and [] while there is none. */
  port: number;
  ports: number[];
  /** What the provider gives the next time it is asked. */
  nextPorts: number[];
  lost: boolean;
  /** Whether anything passes through the tunnel, which Gluetun need not have noticed. */
  alive: boolean;
  healthy: boolean;
  fault: AnswerFault | null;
  times: Required<ChangeTimes>;
  auth: Auth;
  startedAt: number;
  commands: CommandRun[];
  hooks: HookCall[];
  /** What the control server was told since the process started; not what this admin server was. */
  orders: StatusOrder[];
};

export type LoggedRequest = {
  at: number;
  method: string;
  path: string;
  /** null while unanswered, and for ever when the client gave up first. */
  status: number | null;
  answeredAt: number | null;
};
