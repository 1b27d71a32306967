import type { Engine, Instant } from '../../domain/engine';
import type { Replacement } from '../../domain/replacement';
import type { Stream } from '../../domain/stream';
import { emptyTimeline } from '../../domain/timeline';
import { listing } from '../../workflows/listing';
import type { VpnReport } from '../../workflows/messages';
import { targetOf } from '../../workflows/pool-facts';
import { unfinishedTargets } from '../../workflows/vpn-data';
import { replacementJson, vpnJson } from '../present';
import type { PageEngine, PageStream, PageVpn } from './page-state';

// One VPN as the page shows it. Nothing in it changes by itself from second to second: it is sent whenever it differs.

const ENDED_STREAMS_AT_MOST = 30;

export function pageVpn(report: VpnReport, staleSince: Instant | null, now: Instant): PageVpn {
  const json = vpnJson(report, null, null);
  const { health, forwarding, forwarded_port, port_problem, problem, remedy, status } = json;
  const { states, ended } = report.timeline ?? emptyTimeline;
  const last = states.at(-1);
  return {
    name: report.settings.vpn,
    workflowId: json.workflow_id,
    staleSince,
    status,
    health,
    healthySince: report.healthySince,
    downSince: report.downSince,
    forwarding,
    forwarded_port,
    portSince: last && last[1] === forwarded_port ? last[0] * 1000 : null,
    port_problem,
    problem,
    remedy,
    publicIp: report.sight?.publicIp?.address ?? null,
    breakers: json.circuit_breakers,
    target: targetOf(report),
    engines: pageEngines(report, now),
    streams: pageStreams(report.streams),
    replacements: report.replacements.map((r) => replacementJson(report.settings.vpn, r)).toReversed(),
    states,
    ended,
  };
}

/** One whose workflow has never answered. */
export function unknownPageVpn(name: string, workflowId: string, reason: string): PageVpn {
  return {
    name,
    workflowId,
    staleSince: null,
    status: 'unknown',
    health: 'unknown',
    healthySince: null,
    downSince: null,
    forwarding: 'unknown',
    forwarded_port: null,
    portSince: null,
    port_problem: null,
    problem: `its workflow does not answer: ${reason}`,
    remedy: null,
    publicIp: null,
    breakers: null,
    target: 0,
    engines: [],
    streams: [],
    replacements: [],
    states: [],
    ended: [],
  };
}

function pageEngines(report: VpnReport, now: Instant): PageEngine[] {
  const listed = new Map((listing(report, now) ?? []).map((e) => [e.id, e]));
  const there = report.engines.map((engine): PageEngine => {
    const shown = listed.get(engine.id);
    return { ...common(engine), phase: shown ? 'ready' : 'hidden', forwarded: shown?.forwarded ?? false };
  });
  const draining = new Set(report.replacements.flatMap((r) => r.draining));
  const old = new Map(report.replacements.flatMap((r) => r.old.map((e) => [e.id, r.startedAt] as const)));
  const leaving = report.evicted.map((engine): PageEngine => ({
    ...common({ ...engine, health: 'unknown', firstSeen: old.get(engine.id) ?? null, lastUsedAt: null }),
    phase: draining.has(engine.id) ? 'draining' : 'leaving',
    forwarded: false,
  }));
  return [...there, ...unfinishedTargets(report).flatMap(pending), ...leaving];
}

function common(
  engine: Pick<Engine, 'id' | 'name' | 'role' | 'httpPort' | 'p2pPort' | 'health' | 'lastUsedAt'> & {
    readonly firstSeen: Instant | null;
  },
): Omit<PageEngine, 'phase' | 'forwarded'> {
  const { id, name, role, httpPort, p2pPort, health, firstSeen: since, lastUsedAt } = engine;
  return { id, name, role, httpPort, p2pPort, health, since, lastUsedAt };
}

function pending({ target, made, startedAt }: Replacement): PageEngine[] {
  if (!target) return [];
  const { role, httpPort, p2pPort } = target;
  const { id = null, name = null } = made ?? {};
  const so = { phase: 'pending', forwarded: false, health: 'unknown', lastUsedAt: null } as const;
  return [{ id, name, role, httpPort, p2pPort, since: startedAt, ...so }];
}

function pageStreams(streams: readonly Stream[]): PageStream[] {
  const ended = streams.filter((s) => s.endedAt !== null).toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
  const shown = new Set([...streams.filter((s) => s.endedAt === null), ...ended.slice(0, ENDED_STREAMS_AT_MOST)]);
  return streams
    .filter((s) => shown.has(s))
    .map(({ id, key, keyType, containerId: engine, isLive, startedAt, endedAt, endReason }) => {
      return { id, key, keyType, engine, isLive, startedAt, endedAt, endReason };
    });
}
