import { engineRef, type ContainerId, type EngineRef, type Instant } from '../../../domain/engine';
import type { EngineLeft, EngineMade, EngineReady, LeaveAsked } from '../../../domain/replacement';
import { busyEngines } from '../../../domain/streams/stream';
import { session } from '../../../domain/vpn/observation';
import type { Effect } from '../act/effect';
import { breakerKey, withEngineUp } from '../decide/breaker';
import { releasedBy, numbered, renewedTarget, senderOf } from '../replacements';
import type { VpnState } from '../state';
import { answering, withReports } from './container-reports';

// Takes what replacements report of engines into the state.

/** The new engine has a container. */
export function engineMade(state: VpnState, message: EngineMade, now: Instant): void {
  const { generation, id, name } = message;
  const replacement = senderOf(state.data, message);
  if (replacement?.state !== 'running' || replacement.target?.generation !== generation) return;
  if (replacement.made?.id === id) return;
  state.change(replacement, { made: { id, name }, madeAt: now });
  const { p2pPort } = replacement.target;
  state.emit({ kind: 'engine made', engine: { id, name, p2pPort }, cause: replacement.cause }, now);
}

/** The engine answers: it is listed from now on, unless its target is no longer wanted. */
export function engineReady(state: VpnState, message: EngineReady, now: Instant): void {
  const { data } = state;
  const replacement = senderOf(data, message);
  if (replacement?.state !== 'running' || replacement.readyAt !== null) return;
  if (replacement.target?.generation !== message.generation) return;
  const { id, name } = message.engine;
  const key = breakerKey(replacement.cause, replacement.target.role);
  const { snapshot } = data;
  // The VPN may have been started again since the engine was made.
  const cutOff = snapshot !== null && message.session !== session(snapshot.vpn);
  // The caller that asked for it may have reported a stream while it booted.
  const lastUsedAt = busyEngines(data).has(id) ? now : message.engine.lastUsedAt;
  state.update({
    engines: [...data.engines, { ...message.engine, firstSeen: now, lastUsedAt, cutOff }],
    breakers: withEngineUp(data.breakers, key, now),
  });
  containersReported(state, [id], true);
  if (snapshot) {
    const others = snapshot.engines.filter((e) => e.id !== id);
    state.update({ snapshot: { ...snapshot, engines: [...others, answering(message.engine, message.session)] } });
  }
  // The signal `engineMade` may come later, or never.
  engineMade(state, { ...message, id, name }, now);
  const made = numbered(state.data, replacement.number);
  const madeAt = message.engine.run ?? made.madeAt ?? now;
  const ready = state.change(made, { madeAt, readyAt: now, newEngine: { id, name } });
  state.emit({ kind: 'engine ready', engine: message.engine, replacement: ready }, now);
}

/** A replacement is about to stop an engine, and waits until it has no stream. */
export function leaveAsked(state: VpnState, message: LeaveAsked): void {
  const { engine } = message;
  const replacement = senderOf(state.data, message);
  if (replacement?.state !== 'running' || replacement.leaveAsked.includes(engine)) return;
  state.change(replacement, { leaveAsked: [...replacement.leaveAsked, engine] });
  state.advance();
}

/** Docker does not remove an engine: it stays evicted, and its replacement goes on without it. */
export function engineLeft(state: VpnState, message: EngineLeft): Effect | null {
  const { engine, generation, reason } = message;
  const replacement = senderOf(state.data, message);
  const { evicted, leftOvers } = state.data;
  if (!replacement || leftOvers.some((e) => e.id === engine.id && e.reason === reason)) return null;
  state.update({
    evicted: evicted.some((e) => e.id === engine.id) ? evicted : [...evicted, engineRef(engine)],
    leftOvers: [...leftOvers.filter((e) => e.id !== engine.id), { id: engine.id, name: engine.name, reason }],
  });
  state.raise();
  const { readyAt, target: before } = replacement;
  if (replacement.state !== 'running' || readyAt !== null || before?.generation !== generation) return null;
  // The next attempt needs another name, and has to wait for ports that this container may hold.
  const target = renewedTarget(state.data, replacement);
  return { kind: 'retarget', replacement: state.change(replacement, { target, made: null }), target };
}

/** An evicted engine is gone from Docker. */
export function engineStopped(state: VpnState, engine: EngineRef, now: Instant): void {
  const replacement = releasedBy(state.data, engine.id);
  if (replacement) state.change(replacement, { goneAt: now });
  state.emit({ kind: 'engine stopped', engine, cause: replacement?.cause ?? 'left over' }, now);
}

/** A replacement has brought containers up (`there`) or removed them. */
export function containersReported(state: VpnState, containers: readonly ContainerId[], there: boolean): void {
  state.advance();
  const { reports, revision } = state.data;
  state.update({ reports: withReports(reports, containers, { there, revision }) });
}
