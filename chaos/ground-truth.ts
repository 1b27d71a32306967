import type { VpnName } from './faults';

/** What the harness has put out of order. The trouble's `target` is the name of a VPN or an engine's container id. */
export type TroubleKind =
  /** The VPN's container is down, or has a new network. */
  | 'vpn'
  /** Docker calls the VPN's container unhealthy, or does not yet call it healthy. */
  | 'health'
  /** The port can't be read from the control server, or the VPN has none. */
  | 'control'
  /** The VPN was stopped inside its container, and runs again. */
  | 'reconnect'
  /** The harness told Portward to replace or remove an engine. With a VPN as target: its forwarded engine. */
  | 'order'
  /** The engine's container was killed or removed, or its process ended. */
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
  /** The VPN of the target, if that is an engine; else null. */
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

/** What really happened: the ports that the VPNs had, and the harness's faults. The checker compares answers with it. */
export class GroundTruth {
  private readonly spans = new Map<VpnName, PortSpan[]>();
  private readonly troubles: Trouble[] = [];

  /**
   * Records that the VPN had that port (0: none) at that time. Since the previous record it may have had either port: the exact
   * time of the change is unknown.
   */
  sawPort(vpn: VpnName, port: number, at: number): void {
    const spans = this.spans.get(vpn) ?? [];
    this.spans.set(vpn, spans);
    const latest = spans.at(-1);
    // This record comes late: there is a newer one.
    if (latest && at < latest.to) return;
    const from = latest?.to ?? at;
    if (latest) latest.to = at;
    if (latest?.port !== port) spans.push({ port, from, to: at });
  }

  /** The latest recorded port; 0: none. */
  portOf(vpn: VpnName): number {
    return this.spans.get(vpn)?.at(-1)?.port ?? 0;
  }

  /** Whether the VPN had that port at some time in between. The latest recorded port counts as still valid. */
  hadPort(vpn: VpnName, port: number, from: number, to: number): boolean {
    const spans = this.spans.get(vpn) ?? [];
    return spans.some((span, index) => {
      const end = index === spans.length - 1 ? Infinity : span.to;
      return span.port === port && span.from <= to && end >= from;
    });
  }

  /** All ports that the VPN had at some time in between. */
  portsOf(vpn: VpnName, from: number, to: number): number[] {
    const spans = this.spans.get(vpn) ?? [];
    return [...new Set(spans.map(({ port }) => port))].filter(
      (port) => port !== 0 && this.hadPort(vpn, port, from, to),
    );
  }

  /** Records that a trouble begins; returns a function that ends it. */
  begin(kind: TroubleKind, target: string | null = null, at: number = Date.now()): () => void {
    return this.add({ kind, target, engineOf: null, from: at, to: Infinity });
  }

  /** The same for a trouble of one engine. */
  beginOnEngine(
    kind: 'engine' | 'hang',
    { id, vpn }: { readonly id: string; readonly vpn: VpnName },
    at: number = Date.now(),
  ): () => void {
    return this.add({ kind, target: id, engineOf: vpn, from: at, to: Infinity });
  }

  /** Whether a trouble of that kind lasted at some time in between; a target of null means any target. */
  was(kind: TroubleKind, target: string | null, from: number, to: number): boolean {
    return this.troubles.some(
      (t) => t.kind === kind && (target === null || t.target === target) && t.from <= to && t.to >= from,
    );
  }

  /** The troubles that pass the test and lasted at some time in between. */
  between(from: number, to: number, test: (trouble: Trouble) => boolean): Trouble[] {
    return this.troubles.filter((t) => t.from <= to && t.to >= from && test(t));
  }

  /** Forgets what ended before that time. */
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
