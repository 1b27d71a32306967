import { FAULT_KINDS, WEIGHTS, type ControlTrouble, type Fault, type FaultKind, type StormyVpn } from './faults';
import { Random } from './random';

export interface ScheduleOptions {
  readonly seed: number;
  /** Faults begin within so many seconds. */
  readonly seconds: number;
  readonly kinds: readonly FaultKind[];
}

export interface Schedule {
  readonly seed: number;
  readonly seconds: number;
  /** In the order of their times. */
  readonly faults: readonly Fault[];
}

/**
 * Forwarded ports: so few that a port comes back. The last one of `a` and `b` is also an HTTP port of their engines: a
 * provider may forward such a port.
 */
export const PORTS: Readonly<Record<StormyVpn | 'calm', readonly number[]>> = {
  a: [50_001, 50_002, 50_003, 50_004, 19_001],
  b: [51_001, 51_002, 51_003, 51_004, 19_101],
  calm: [52_001, 52_002, 52_003],
};

const FAULTS_A_SECOND = 1.1;
/** The kinds of so many faults are not random but take turns, so that a few schedules together have every kind. */
const IN_TURN = 2;
/** Mostly more engines than the six that a site has. */
const SCALED_TO = [6, 12] as const;
/** Further failures would only lengthen the run: the pauses before the next engine grow. */
const ENGINE_FAILURES_A_VPN = 2;
/** Each takes seconds in which no other fault is possible. */
const DOCKER_FAULTS_AT_MOST = 1;
const TEMPORAL_WEDGES_AT_MOST = 1;
const ENGINE_FAILURES: readonly FaultKind[] = ['engine-crash', 'engine-kill', 'engine-remove', 'engine-hang'];

/** Makes the faults and their times from the options alone, so that a seed repeats them. */
export function makeSchedule({ seed, seconds, kinds }: ScheduleOptions): Schedule {
  const random = new Random(seed);
  const lengthMs = seconds * 1000;
  const count = Math.max(1, Math.round(seconds * FAULTS_A_SECOND * (0.7 + 0.6 * random.next())));
  const faults: Fault[] = calmChanges(random, lengthMs);
  const made = new Map<string, number>();
  const weights = kinds.filter((kind) => WEIGHTS[kind] > 0).map((kind) => [kind, WEIGHTS[kind]] as const);
  for (let n = 0; n < count && weights.length > 0; n++) {
    const inTurn = n < IN_TURN ? weights[(seed * IN_TURN + n) % weights.length]?.[0] : undefined;
    const fault = makeFault(random, inTurn ?? random.weighted(weights), random.between(0, lengthMs));
    // A fault beyond a limit is left out, not chosen again: so the following choices do not depend on the limits.
    if (fault !== null && isWithinLimits(fault, made)) faults.push(fault);
  }
  return { seed, seconds, faults: faults.toSorted((a, b) => a.at - b.at) };
}

function calmChanges(random: Random, lengthMs: number): Fault[] {
  return Array.from({ length: random.between(1, 2) }, (_, n) => ({
    kind: 'calm-change',
    // Far apart, so that each is measured by itself.
    at: random.between(0, Math.floor(lengthMs / 3)) + n * Math.floor((lengthMs * 2) / 3),
    vpn: 'calm',
    port: random.of(PORTS.calm),
  }));
}

function isWithinLimits(fault: Fault, made: Map<string, number>): boolean {
  let group: string;
  let limit: number;
  if (ENGINE_FAILURES.includes(fault.kind) && 'vpn' in fault) {
    group = `engines of ${fault.vpn}`;
    limit = ENGINE_FAILURES_A_VPN;
  } else if (fault.kind === 'docker-restart' || fault.kind === 'docker-kill') {
    group = 'docker';
    limit = DOCKER_FAULTS_AT_MOST;
  } else if (fault.kind === 'temporal-wedge') {
    group = fault.kind;
    limit = TEMPORAL_WEDGES_AT_MOST;
  } else if ((fault.kind === 'port-lost' || fault.kind === 'health-lost') && 'vpn' in fault) {
    // Portward's second remedy would come a minute later.
    group = `${fault.kind} of ${fault.vpn}`;
    limit = 1;
  } else return true;
  const before = made.get(group) ?? 0;
  made.set(group, before + 1);
  return before < limit;
}

function makeFault(random: Random, kind: FaultKind, at: number): Fault | null {
  const vpn = random.of<StormyVpn>(['a', 'b']);
  const port = random.of(PORTS[vpn]);
  const portOrSame = random.chance(0.5) ? port : null;
  const role = random.chance(0.6) ? 'forwarded' : 'plain';
  switch (kind) {
    case 'calm-change':
      return null;
    case 'port-change':
    case 'port-lost':
      return { kind, at, vpn, port };
    case 'port-burst': {
      const ports = Array.from({ length: random.between(2, 5) }, () => random.of(PORTS[vpn]));
      return { kind, at, vpn, ports, pauseMs: random.between(0, 900) };
    }
    case 'port-flip':
      return { kind, at, vpn, port, pauseMs: random.between(0, 3000) };
    case 'port-same':
    case 'health-lost':
      return { kind, at, vpn };
    case 'port-zero':
    case 'health-dip':
      return { kind, at, vpn, forMs: random.between(500, 4000) };
    case 'control-trouble': {
      const trouble = random.of<ControlTrouble>(['hang', '500', 'garbage', '401', '301']);
      return { kind, at, vpn, trouble, forMs: random.between(500, 9000), port: portOrSame };
    }
    case 'vpn-restart':
    case 'vpn-recreate':
      return { kind, at, vpn, port: portOrSame };
    case 'vpn-down': {
      const how = random.of<'stop' | 'kill'>(['stop', 'kill']);
      return { kind, at, vpn, how, forMs: random.between(500, 4000), port: portOrSame };
    }
    case 'vpn-reconnect':
      return { kind, at, vpn, forMs: random.between(200, 3000), port: portOrSame };
    case 'engine-crash':
    case 'engine-kill':
    case 'engine-remove':
    case 'force-replace':
    case 'engine-delete':
      return { kind, at, vpn, role };
    case 'scale':
      return { kind, at, engines: random.between(...SCALED_TO), forMs: random.between(500, 8000) };
    case 'engine-hang':
      return { kind, at, vpn, role, forMs: random.between(1000, 8000) };
    case 'replacement-cut': {
      const side = random.of<'old' | 'new'>(['old', 'new']);
      return { kind, at, vpn, port, side, afterMs: random.between(0, 2500) };
    }
    case 'worker-kill':
    case 'worker-restart':
    case 'api-kill':
    case 'docker-restart':
    case 'docker-kill':
      return { kind, at, forMs: random.between(0, 3000) };
    case 'temporal-kill':
    case 'temporal-wedge':
    case 'gc':
      return { kind, at };
  }
}

/** One fault in one line, as `12.3 s  port-change a port=50001`. */
export function faultLine(fault: Fault): string {
  const { kind, at, ...rest } = fault;
  const { vpn, ...details } = 'vpn' in rest ? rest : { ...rest, vpn: '' };
  const texts = Object.entries(details).map(([name, value]) => `${name}=${value === null ? 'same' : String(value)}`);
  return [`${(at / 1000).toFixed(1).padStart(5)} s `, kind, vpn, ...texts].filter((text) => text !== '').join(' ');
}

export function parseKinds(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((known) => known === name.trim());
    if (kind === undefined) throw new Error(`--faults: expected some of ${FAULT_KINDS.join(', ')}; found '${name}'`);
    return kind;
  });
}
