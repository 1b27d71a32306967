// The faults that a schedule may have. Times are ms; `at` counts from the schedule's beginning.

/** The two VPNs that have faults. */
export type StormyVpn = 'a' | 'b';
/** `calm` only changes its port. */
export type VpnName = StormyVpn | 'calm';
export const VPN_NAMES = ['a', 'b', 'calm'] as const satisfies readonly VpnName[];

export type EngineRole = 'forwarded' | 'plain';
export type ControlTrouble = 'hang' | '500' | 'garbage' | '401' | '301';
export type Part = 'worker' | 'api' | 'temporal';

export type Fault =
  | { readonly kind: 'calm-change'; readonly at: number; readonly vpn: 'calm'; readonly port: number }
  | { readonly kind: 'port-change'; readonly at: number; readonly vpn: StormyVpn; readonly port: number }
  | {
      readonly kind: 'port-burst';
      readonly at: number;
      readonly vpn: StormyVpn;
      readonly ports: readonly number[];
      readonly pauseMs: number;
    }
  /** The port changes and changes back. */
  | {
      readonly kind: 'port-flip';
      readonly at: number;
      readonly vpn: StormyVpn;
      readonly port: number;
      readonly pauseMs: number;
    }
  /** A change that brings the same port again. */
  | { readonly kind: 'port-same'; readonly at: number; readonly vpn: StormyVpn }
  | { readonly kind: 'port-zero'; readonly at: number; readonly vpn: StormyVpn; readonly forMs: number }
  | { readonly kind: 'port-lost'; readonly at: number; readonly vpn: StormyVpn; readonly port: number }
  | {
      readonly kind: 'control-trouble';
      readonly at: number;
      readonly vpn: StormyVpn;
      readonly trouble: ControlTrouble;
      readonly forMs: number;
      /** The new port that the VPN gets meanwhile; null: it keeps its port. */
      readonly port: number | null;
    }
  | {
      readonly kind: 'vpn-restart';
      readonly at: number;
      readonly vpn: StormyVpn;
      /** The port that the provider gives afterwards; null: the same port again. */
      readonly port: number | null;
    }
  /** The container is stopped or killed, and started again later. */
  | {
      readonly kind: 'vpn-down';
      readonly at: number;
      readonly vpn: StormyVpn;
      readonly how: 'stop' | 'kill';
      readonly forMs: number;
      readonly port: number | null;
    }
  | { readonly kind: 'vpn-recreate'; readonly at: number; readonly vpn: StormyVpn; readonly port: number | null }
  /** The VPN is restarted inside its container: its engines keep their network. */
  | {
      readonly kind: 'vpn-reconnect';
      readonly at: number;
      readonly vpn: StormyVpn;
      readonly forMs: number;
      readonly port: number | null;
    }
  | { readonly kind: 'health-dip'; readonly at: number; readonly vpn: StormyVpn; readonly forMs: number }
  | { readonly kind: 'health-lost'; readonly at: number; readonly vpn: StormyVpn }
  /** The engine's process ends by itself, and Docker starts it again. */
  | { readonly kind: 'engine-crash'; readonly at: number; readonly vpn: StormyVpn; readonly role: EngineRole }
  | { readonly kind: 'engine-kill'; readonly at: number; readonly vpn: StormyVpn; readonly role: EngineRole }
  | { readonly kind: 'engine-remove'; readonly at: number; readonly vpn: StormyVpn; readonly role: EngineRole }
  | {
      readonly kind: 'engine-hang';
      readonly at: number;
      readonly vpn: StormyVpn;
      readonly role: EngineRole;
      readonly forMs: number;
    }
  /** The port changes, and the harness removes the old or the new container in the middle of the replacement. */
  | {
      readonly kind: 'replacement-cut';
      readonly at: number;
      readonly vpn: StormyVpn;
      readonly port: number;
      readonly side: 'old' | 'new';
      readonly afterMs: number;
    }
  | { readonly kind: 'force-replace'; readonly at: number; readonly vpn: StormyVpn; readonly role: EngineRole }
  /** Somebody removes the engine with `DELETE /containers/{id}`. */
  | { readonly kind: 'engine-delete'; readonly at: number; readonly vpn: StormyVpn; readonly role: EngineRole }
  /** `POST /gc`: Portward removes surplus idle engines at once. */
  | { readonly kind: 'gc'; readonly at: number }
  /** `POST /scale` to so many engines, and later back to the former number: Portward removes the idle ones of the surplus. */
  | { readonly kind: 'scale'; readonly at: number; readonly engines: number; readonly forMs: number }
  | { readonly kind: 'worker-kill'; readonly at: number; readonly forMs: number }
  | { readonly kind: 'worker-restart'; readonly at: number; readonly forMs: number }
  | { readonly kind: 'api-kill'; readonly at: number; readonly forMs: number }
  | { readonly kind: 'temporal-kill'; readonly at: number }
  /** The Temporal server runs on, but can't read its database any more. */
  | { readonly kind: 'temporal-wedge'; readonly at: number }
  | { readonly kind: 'docker-restart'; readonly at: number; readonly forMs: number }
  | { readonly kind: 'docker-kill'; readonly at: number; readonly forMs: number };

export type FaultKind = Fault['kind'];

/** How often each kind is chosen, compared with the others. */
export const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  // Not chosen: each schedule has one or two anyway.
  'calm-change': 0,
  'port-change': 12,
  'port-burst': 5,
  'port-flip': 5,
  'port-same': 3,
  'port-zero': 4,
  'port-lost': 2,
  'control-trouble': 8,
  // Not beside docker-restart: kinds that are neighbours here take their turn in the same schedule, which may have only one of the two.
  'docker-kill': 1,
  'vpn-restart': 5,
  'vpn-down': 3,
  'vpn-recreate': 4,
  'vpn-reconnect': 3,
  'health-dip': 4,
  'health-lost': 2,
  'engine-crash': 5,
  'engine-kill': 4,
  'engine-remove': 4,
  'engine-hang': 3,
  'replacement-cut': 7,
  'force-replace': 6,
  'engine-delete': 4,
  gc: 6,
  scale: 6,
  'worker-kill': 5,
  'worker-restart': 4,
  'api-kill': 4,
  'temporal-kill': 4,
  // Takes a minute in which no other fault can be observed.
  'temporal-wedge': 1,
  'docker-restart': 1,
};

export const FAULT_KINDS = Object.keys(WEIGHTS).filter((kind): kind is FaultKind => Object.hasOwn(WEIGHTS, kind));
