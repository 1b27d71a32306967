import type { ContainerId, Engine } from '../../../domain/engine';
import type { EngineCondition, Snapshot } from '../../../domain/vpn/observation';

// Replacements say which containers have come and gone. An observation goes on meanwhile: what it tells may be from before.

/** What a replacement has said of a container, until an observation that was asked for after it has been accepted. */
export interface ContainerReport {
  readonly id: ContainerId;
  readonly there: boolean;
  /** Of the state when it was said: see `VpnData`. */
  readonly revision: number;
}

/** @param containers that replacements have brought up, or have removed, just now */
export function withReports(
  reports: readonly ContainerReport[],
  containers: readonly ContainerId[],
  { there, revision }: Omit<ContainerReport, 'id'>,
): ContainerReport[] {
  const others = reports.filter(({ id }) => !containers.includes(id));
  return [...others, ...containers.map((id) => ({ id, there, revision }))];
}

export interface Reconciled {
  readonly snapshot: Snapshot;
  /** Those that the next observation may contradict, too. */
  readonly reports: readonly ContainerReport[];
  /** It does not show an engine that was up: whether it is gone says only a snapshot that begins now. */
  readonly isDoubtful: boolean;
}

/** An observation as it would be had it known what was said since it was asked for, under that revision. */
export function reconciled(
  snapshot: Snapshot,
  revision: number,
  reports: readonly ContainerReport[],
  known: readonly EngineCondition[],
): Reconciled {
  const shown = new Set(snapshot.engines.map((e) => e.id));
  const contradicted = reports.filter((r) => r.revision > revision && r.there !== shown.has(r.id));
  if (contradicted.length === 0) return { snapshot, reports: [], isDoubtful: false };
  const gone = new Set(contradicted.filter((r) => !r.there).map((r) => r.id));
  const up = new Set(contradicted.filter((r) => r.there).map((r) => r.id));
  const rest = without(snapshot, gone);
  return {
    snapshot: { ...rest, engines: [...rest.engines, ...known.filter((e) => up.has(e.id))] },
    reports: contradicted,
    isDoubtful: up.size > 0,
  };
}

export function without(snapshot: Snapshot, gone: ReadonlySet<ContainerId>): Snapshot {
  const stays = ({ id }: { readonly id: ContainerId }) => !gone.has(id);
  return { ...snapshot, engines: snapshot.engines.filter(stays), found: snapshot.found.filter(stays) };
}

/** An engine that answers, as a snapshot would show it. @param session the run of the VPN's container in whose network it is */
export function answering({ id, run }: Pick<Engine, 'id' | 'run'>, session: string): EngineCondition {
  const [networkOf = ''] = session.split('@');
  return { id, running: true, startedAt: run, networkOf, health: 'healthy' };
}
