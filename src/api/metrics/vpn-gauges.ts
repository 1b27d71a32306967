import { Gauge, type Registry } from 'prom-client';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import type { MetricsView } from './view';

const FORWARDING = ['forwarded', 'replacing', 'lost', 'unstable', 'unknown', 'none'];
const BREAKER = ['closed', 'open', 'half_open'];
const KINDS = ['general', 'replacement'] as const;

/** The state of each VPN. While its workflow does not answer, there are only `answers` and `stale_seconds`. */
export function vpnGauges(registry: Registry, { vpns, engines }: MetricsView, now: number): void {
  const gauge = (name: string, help: string, ...labels: string[]) =>
    new Gauge({ name: `portward_vpn_${name}`, help, labelNames: ['vpn', ...labels], registers: [registry] });
  const answers = gauge('answers', 'Whether its workflow answers: 0 while no worker runs it');
  const stale = gauge('stale_seconds', 'Seconds since the last answer of its workflow; 0 while it answers');
  const healthy = gauge('healthy', 'Whether the VPN is healthy');
  const portKnown = gauge('forwarded_port_known', 'Whether the forwarded port is known');
  const portExpected = gauge('forwarded_port_expected', 'Whether the VPN asks for a forwarded port, or had one');
  const port = gauge('forwarded_port', 'The forwarded port; 0 while it is not known');
  const forwarding = gauge('forwarding', 'State of port forwarding', 'state');
  const listed = gauge('engines', 'Listed engines');
  const forwarded = gauge('forwarded_engines', 'Engines listed as forwarded: 1 or 0');
  const streams = gauge('streams', 'Streams on its listed engines');
  const breaker = gauge('circuit_breaker', 'State of the circuit breaker', 'kind', 'state');
  const running = gauge('replacements_running', 'Running replacements');
  const awaited = gauge(
    'engine_awaited_seconds',
    'Seconds that the oldest running replacement has waited for its new engine; 0: none waits',
  );
  const remedy = gauge('remedy_running', 'Whether the VPN is being restarted');

  for (const { name: vpn, json, view, staleSeconds } of vpns) {
    answers.set({ vpn }, view === null ? 0 : 1);
    if (staleSeconds !== null) stale.set({ vpn }, staleSeconds);
    if (view === null) continue;
    healthy.set({ vpn }, view.healthy ? 1 : 0);
    portKnown.set({ vpn }, json.forwarded_port === null ? 0 : 1);
    portExpected.set({ vpn }, view.port.isExpected ? 1 : 0);
    port.set({ vpn }, json.forwarded_port ?? 0);
    for (const state of FORWARDING) forwarding.set({ vpn, state }, json.forwarding === state ? 1 : 0);
    for (const kind of KINDS) {
      const current = json.circuit_breakers?.[kind].state;
      for (const state of BREAKER) breaker.set({ vpn, kind, state }, state === current ? 1 : 0);
    }
    running.set({ vpn }, json.replacements_running);
    awaited.set({ vpn }, awaitedSeconds(view, now));
    remedy.set({ vpn }, view.remedy?.endedAt === null ? 1 : 0);
    if (engines === null) continue;
    const own = engines.filter((e) => e.vpn_container === vpn);
    listed.set({ vpn }, own.length);
    forwarded.set({ vpn }, own.filter((e) => e.forwarded).length);
    streams.set({ vpn }, new Set(own.flatMap((e) => e.streams)).size);
  }
}

function awaitedSeconds({ replacements }: VpnStatusView, now: number): number {
  const waiting = replacements.filter((r) => r.state === 'running' && r.target !== null && r.readyAt === null);
  return Math.max(0, ...waiting.map((r) => (now - r.startedAt) / 1000));
}
