import type { Instant } from '../../domain/engine';
import type { Stream } from '../../domain/streams/stream';
import { forwardedPort, type EngineView, type VpnStatusView } from '../../domain/vpn/status-view';
import { replacementJson, vpnJson } from '../present/vpn';
import type { PageEngine, PageStream, PageVpn } from './state';

// The state of one VPN for the page. It has times instead of ages: an age would differ every second, and each state that differs is sent.

const ENDED_STREAMS_AT_MOST = 30;

export function pageVpn(view: VpnStatusView, staleSince: Instant | null, now: Instant): PageVpn {
  const json = vpnJson(view, null, null, now);
  const { health, forwarding, forwarded_port, port_problem, problem, remedy, status } = json;
  const { vpn, healthySince, downSince, publicIp, target } = view;
  const { states, ended } = view.timeline;
  const last = states.at(-1);
  return {
    name: vpn,
    staleSince,
    status,
    health,
    healthySince,
    downSince,
    forwarding,
    forwarded_port,
    portSince: last && last[1] === forwarded_port ? last[0] * 1000 : null,
    port_problem,
    problem,
    remedy,
    publicIp,
    breakers: json.circuit_breakers,
    target,
    engines: view.engines.map((engine) => pageEngine(engine, forwardedPort(view, now) !== null)),
    streams: pageStreams(view.streams),
    replacements: view.replacements.map((r) => replacementJson(vpn, r)).toReversed(),
    states,
    ended,
  };
}

/** A VPN whose workflow has not answered since this process began. */
export function unknownPageVpn(name: string, reason: string): PageVpn {
  return {
    name,
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

function pageEngine(engine: EngineView, portIsKnown: boolean): PageEngine {
  const { isMade, id, name, phase, forwarded, httpPort, p2pPort, health, createdAt } = engine;
  return {
    ...(isMade ? { id, name } : { id: null, name: null }),
    phase,
    httpPort,
    p2pPort,
    health,
    forwarded: forwarded && portIsKnown,
    createdAt,
  };
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
