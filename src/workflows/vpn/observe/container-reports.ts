import type { ContainerId, Engine } from '../../../domain/engine';
import type { EngineCondition, Snapshot } from '../../../domain/vpn/observation';

// Replacements report which containers have come and gone. A running observation goes on meanwhile, so its snapshot may be older than
// such a report.

/** A replacement's report of a container. It is kept until the next observation is accepted. */
export interface ContainerReport {
  readonly id: ContainerId;
  readonly there: boolean;
  /** Revision of the state at the time of the report: see `VpnData`. */
  readonly revision: number;
}

/** All reports, with further ones. @param containers that replacements have just brought up, or removed */
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
  /** The snapshot lacks an engine that was reported up, or shows it ended: only a snapshot that begins now shows what it is. */
  readonly isDoubtful: boolean;
}

/** A snapshot corrected by the reports that came after it was asked for. @param revision under which it was asked for */
export function reconciled(
  snapshot: Snapshot,
  revision: number,
  reports: readonly ContainerReport[],
  known: readonly EngineCondition[],
): Reconciled {
  const shown = new Set(snapshot.engines.map((e) => e.id));
  // The snapshot may be from before the engine's container was started.
  const running = new Set(snapshot.engines.filter((e) => e.running).map((e) => e.id));
  const contradicted = reports.filter((r) => r.revision > revision && (r.there ? !running.has(r.id) : shown.has(r.id)));
  if (contradicted.length === 0) return { snapshot, isDoubtful: false };
  const gone = new Set(contradicted.filter((r) => !r.there).map((r) => r.id));
  const up = new Set(contradicted.filter((r) => r.there).map((r) => r.id));
  const rest = without(snapshot, gone);
  const others = rest.engines.filter((e) => !up.has(e.id));
  return {
    snapshot: { ...rest, engines: [...others, ...known.filter((e) => up.has(e.id))] },
    isDoubtful: up.size > 0,
  };
}

export function without(snapshot: Snapshot, gone: ReadonlySet<ContainerId>): Snapshot {
  const stays = ({ id }: { readonly id: ContainerId }) => !gone.has(id);
  return { ...snapshot, engines: snapshot.engines.filter(stays), found: snapshot.found.filter(stays) };
}

/** The condition of an engine that has just answered, as a snapshot would show it. @param session the one in whose network it runs */
export function answering({ id, run }: Pick<Engine, 'id' | 'run'>, session: string): EngineCondition {
  const [networkOf = ''] = session.split('@');
  return { id, running: true, startedAt: run, networkOf, health: 'healthy' };
}
