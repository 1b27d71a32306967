import type { Trouble, TroubleKind } from '../ground-truth';
import type { ContainerEvent, Fact, StreamReported } from './facts';
import { ECHO_MS, SETTLE_MS } from './limits';
import type { Rule, RuleContext } from './rule';

/** For so long after a fault Portward may still replace engines because of it: it replaces them one by one, each with its start. */
const ACTED_ON_WITHIN_MS = SETTLE_MS + 30_000;
const OF_THE_VPN: readonly TroubleKind[] = ['vpn', 'health', 'reconnect'];

interface Kept extends StreamReported {
  overAt: number;
}

/**
 * An engine with a reported stream is stopped only if it has to be: its VPN's port changed, its VPN was in trouble, it was hurt, or
 * somebody had it replaced or removed. A smaller number of engines is no reason, and neither is the end of a process of Portward.
 */
export class KeptStreamsRule implements Rule {
  reported = 0;
  /** Streams that ended with an engine that had to be stopped. */
  cutOff = 0;
  private readonly streams = new Map<string, Kept>();
  private readonly stopped = new Set<string>();
  /** When Portward restarted VPNs inside their containers. */
  private readonly orders: { readonly vpn: string; readonly at: number }[] = [];

  constructor(private readonly context: RuleContext) {}

  take(fact: Fact): void {
    switch (fact.kind) {
      case 'stream reported':
        this.reported++;
        this.streams.set(fact.id, { ...fact, overAt: Infinity });
        return;
      case 'stream over':
        this.end(fact.id, fact.at);
        return;
      case 'vpn order':
        this.orders.push(fact);
        return;
      case 'container event':
        if (fact.is === 'engine' && fact.action === 'kill' && !this.stopped.has(fact.id)) this.check(fact);
        return;
      default:
    }
  }

  /** Keeps the stream for a while: Docker may report the stop of its engine a little later. */
  private end(id: string, at: number): void {
    const stream = this.streams.get(id);
    if (stream) stream.overAt = Math.min(stream.overAt, at);
    for (const [other, { overAt }] of this.streams) if (overAt < at - ECHO_MS) this.streams.delete(other);
  }

  private check({ id, name, at }: ContainerEvent): void {
    this.stopped.add(id);
    const cut = [...this.streams.values()].filter((s) => s.engine.id === id && s.at < at && s.overAt > at);
    const [first] = cut;
    if (!first) return;
    if (this.hadToGo(first, at)) this.cutOff += cut.length;
    else {
      const known = `reported ${Math.round(at - first.at)} ms before`;
      this.context.violate(
        'kept streams',
        at,
        `${name} is stopped with stream ${first.id} on it, ${known}; nothing called for it`,
      );
    }
  }

  private hadToGo({ engine }: Kept, at: number): boolean {
    const { truth } = this.context;
    const from = at - ACTED_ON_WITHIN_MS;
    const { id, vpn, p2pPort, httpPort } = engine;
    const isReason = ({ kind, target }: Trouble) =>
      kind === 'docker' ||
      (OF_THE_VPN.includes(kind) && target === vpn) ||
      ((kind === 'engine' || kind === 'hang' || kind === 'order') && target === id) ||
      (kind === 'order' && p2pPort !== null && target === vpn);
    if (truth.between(from, at, isReason).length > 0) return true;
    if (this.orders.some((order) => order.vpn === vpn && order.at >= from && order.at <= at)) return true;
    const ports = truth.portsOf(vpn, from, at);
    // A plain engine has to go if the VPN's new port is the engine's HTTP port.
    return p2pPort === null ? ports.includes(httpPort) : ports.some((port) => port !== p2pPort);
  }
}
