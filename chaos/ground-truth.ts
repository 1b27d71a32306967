import type { VpnName } from './faults';

/** What the harness itself has put out of order; `target` says which one: a VPN, or an engine's container id. */
export type TroubleKind =
  /** The VPN's container is down, or its network is another one. */
  | 'vpn'
  /** The VPN's health, as Docker says. */
  | 'health'
  /** The port can't be read from the control server, or there is none. */
  | 'control'
  /** The VPN was stopped inside its container, and runs again. */
  | 'reconnect'
  /** Portward was told to replace or to remove an engine, or the forwarded one of a VPN. */
  | 'order'
  /** Its container was killed or removed, or its process ended. */
  | 'engine'
  /** The engine's API does not answer. */
  | 'hang'
  | 'worker'
  | 'api'
  | 'temporal'
  | 'docker';

export interface Trouble {
  readonly kind: TroubleKind;
  readonly target: string | null;
  /** Whose engine the target is; null where it is none. */
  readonly engineOf: VpnName | null;
  /** Milliseconds since the epoch, as all times here. */
  readonly from: number;
  /** Infinity while it lasts. */
  to: number;
}

interface PortSpan {
  readonly port: number;
  readonly from: number;
  to: number;
}

/** What really was: the ports that VPNs had, and what was put out of order. The checker holds answers against it. */
export class GroundTruth {
  private readonly spans = new Map<VpnName, PortSpan[]>();
  private readonly troubles: Trouble[] = [];

  /**
   * The VPN was seen to have that port (0: none) at that time. When exactly it changed since the last time is not known: in
   * between it may have had either.
   */
  sawPort(vpn: VpnName, port: number, at: number): void {
    const spans = this.spans.get(vpn) ?? [];
    this.spans.set(vpn, spans);
    const latest = spans.at(-1);
    // Seen late: something newer is known already.
    if (latest && at < latest.to) return;
    const from = latest?.to ?? at;
    if (latest) latest.to = at;
    if (latest?.port !== port) spans.push({ port, from, to: at });
  }

  /** The port that it was seen to have last; 0: none. */
  portOf(vpn: VpnName): number {
    return this.spans.get(vpn)?.at(-1)?.port ?? 0;
  }

  /** Whether it had that port at some time between; it is taken to have it still if it was the last that was seen. */
  hadPort(vpn: VpnName, port: number, from: number, to: number): boolean {
    const spans = this.spans.get(vpn) ?? [];
    return spans.some((span, index) => {
      const end = index === spans.length - 1 ? Infinity : span.to;
      return span.port === port && span.from <= to && end >= from;
    });
  }

  /** All that it had at some time between. */
  portsOf(vpn: VpnName, from: number, to: number): number[] {
    const spans = this.spans.get(vpn) ?? [];
    return [...new Set(spans.map(({ port }) => port))].filter(
      (port) => port !== 0 && this.hadPort(vpn, port, from, to),
    );
  }

  /** Returns what ends it. */
  begin(kind: TroubleKind, target: string | null = null, at: number = Date.now()): () => void {
    return this.add({ kind, target, engineOf: null, from: at, to: Infinity });
  }

  /** The same, of one engine. */
  beginOnEngine(
    kind: 'engine' | 'hang',
    { id, vpn }: { readonly id: string; readonly vpn: VpnName },
    at: number = Date.now(),
  ): () => void {
    return this.add({ kind, target: id, engineOf: vpn, from: at, to: Infinity });
  }

  /** Whether one of that kind lasted at some time between; a target of null asks for any. */
  was(kind: TroubleKind, target: string | null, from: number, to: number): boolean {
    return this.troubles.some(
      (t) => t.kind === kind && (target === null || t.target === target) && t.from <= to && t.to >= from,
    );
  }

  /** Those that pass the test and lasted at some time between. */
  between(from: number, to: number, test: (trouble: Trouble) => boolean): Trouble[] {
    return this.troubles.filter((t) => t.from <= to && t.to >= from && test(t));
  }

  /** What ended before then is not asked for any more. */
  forgetBefore(at: number): void {
    const kept = this.troubles.filter((t) => t.to >= at);
    this.troubles.splice(0, this.troubles.length, ...kept);
    for (const spans of this.spans.values()) {
      while (spans.length > 1 && (spans[0]?.to ?? Infinity) < at) spans.shift();
    }
  }

  private add(trouble: Trouble): () => void {
    this.troubles.push(trouble);
    return () => {
      if (trouble.to === Infinity) trouble.to = Date.now();
    };
  }
}
