import { engineRef, type ContainerId, type Instant } from '../../../domain/engine';
import { label, replacementLabel } from '../../../domain/names';
import { pendingName, type Replacement } from '../../../domain/replacement';
import type { EngineView } from '../../../domain/vpn/status-view';
import { runningReplacements, type VpnData } from '../data';
import { listedOn } from './listing';

/** The VPN's engines in every phase. */
export function engineViews(data: VpnData): EngineView[] {
  return [...present(data), ...releasing(data), ...pending(data)];
}

/** Status of an engine's container in the last snapshot. */
function containerStatus({ snapshot }: VpnData, id: ContainerId): 'running' | 'exited' {
  return snapshot?.engines.find((e) => e.id === id)?.running === false ? 'exited' : 'running';
}

function present(data: VpnData): EngineView[] {
  const listed = new Map((listedOn(data, data.port.last) ?? []).map((e) => [e.id, e]));
  return data.engines.map((engine) => {
    const { labels, ready, health, lastUsedAt, cutOff, firstSeen } = engine;
    const shown = listed.get(engine.id);
    return {
      ...engineRef(engine),
      labels,
      ready,
      health,
      lastUsedAt,
      cutOff,
      phase: shown ? 'ready' : 'hidden',
      forwarded: shown?.forwarded ?? false,
      isMade: true,
      isGone: false,
      status: containerStatus(data, engine.id),
      image: imageOf(data, labels),
      createdAt: firstSeen,
      leavingSince: null,
    };
  });
}

const NOT_LISTED = { forwarded: false, ready: false, health: 'unknown', lastUsedAt: null, cutOff: false } as const;

function pending(data: VpnData): EngineView[] {
  const { settings } = data;
  const known = new Set([...data.engines, ...data.evicted].map((e) => e.id));
  return runningReplacements(data).flatMap((replacement): EngineView[] => {
    const { made, target, startedAt, readyAt } = replacement;
    const name = pendingName(settings.vpn, replacement);
    if (target === null || name === null || (made === null ? readyAt !== null : known.has(made.id))) return [];
    const { id } = made ?? { id: name };
    const labels = { ...target.callerOptions?.labels, ...ownLabels(data, replacement) };
    return [
      {
        ...NOT_LISTED,
        ...engineRef({ ...target, id, name: made?.name ?? name }),
        labels,
        phase: 'pending',
        isMade: made !== null,
        isGone: false,
        status: data.snapshot?.engines.some((e) => e.id === id) ? containerStatus(data, id) : 'created',
        image: settings.image,
        createdAt: startedAt,
        leavingSince: null,
      },
    ];
  });
}

function releasing(data: VpnData): EngineView[] {
  const { evicted, replacements, leftOvers } = data;
  const draining = new Set(replacements.flatMap((r) => r.draining));
  const since = new Map(replacements.flatMap((r) => r.old.map((e): [ContainerId, Instant] => [e.id, r.startedAt])));
  const left = new Set(leftOvers.map((e) => e.id));
  const ended = replacements.filter((r) => r.state === 'completed');
  // Their containers are removed. The state keeps them until a snapshot shows that, so that an older snapshot does not bring them back.
  const gone = new Set(ended.flatMap((r) => r.old.map((e) => e.id)).filter((id) => !left.has(id)));
  return evicted.map((engine) => {
    const made = replacements.find((r) => r.newEngine?.id === engine.id);
    const labels = made ? ownLabels(data, made) : {};
    return {
      ...NOT_LISTED,
      ...engineRef(engine),
      labels,
      phase: draining.has(engine.id) ? 'draining' : 'leaving',
      isMade: true,
      isGone: gone.has(engine.id),
      status: containerStatus(data, engine.id),
      image: imageOf(data, labels),
      createdAt: made?.startedAt ?? null,
      leavingSince: since.get(engine.id) ?? null,
    };
  });
}

function ownLabels({ settings, incarnation }: VpnData, { number }: Replacement): Record<string, string> {
  return { [label.instance]: settings.instance, [label.replacement]: replacementLabel(incarnation, number) };
}

/** Null: Portward did not make the container. */
function imageOf({ settings }: VpnData, labels: Readonly<Record<string, string>>): string | null {
  return labels[label.replacement] === undefined ? null : settings.image;
}
