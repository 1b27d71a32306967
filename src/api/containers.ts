import type { EngineRef, Instant } from '../domain/engine';
import { derivedLabels } from '../domain/labels';
import { label, replacementLabel } from '../domain/names';
import type { VpnReport } from '../workflows/messages';
import { runningReplacements } from '../workflows/vpn-data';
import { comingName } from './coming-engine';
import type { ContainerJson } from './provisioning-schemas';

// The containers that Portward manages, as workflows know them: the API has no Docker.

/** Of an id, so many characters of its beginning are as good as the whole, as in Docker's own command line. */
const ID_PREFIX_AT_LEAST = 6;

export interface ManagedContainer {
  readonly vpn: string;
  /**
   * `removable`: an engine; `leaving`: it is being let go already; `booting`: its engine has not answered yet; `coming`: it
   * has not been made yet, or not heard of, and is known by its name alone.
   */
  readonly stage: 'removable' | 'leaving' | 'booting' | 'coming';
  readonly json: ContainerJson;
}

/** @param containerLabel `name=value`, marks the containers that are ours */
export function containersOf(report: VpnReport, containerLabel: string): ManagedContainer[] {
  const { settings, lineage } = report;
  const { vpn } = settings;
  const conditions = new Map(report.sight?.engines.map((e) => [e.id, e]));
  const container = (
    stage: ManagedContainer['stage'],
    engine: EngineRef & { readonly labels: Readonly<Record<string, string>>; readonly createdAt: Instant | null },
  ): ManagedContainer => {
    const running = conditions.get(engine.id)?.running;
    return {
      vpn,
      stage,
      json: {
        id: engine.id,
        name: engine.name,
        // Others may have made theirs from any.
        image: engine.labels[label.replacement] === undefined ? null : settings.image,
        created: engine.createdAt === null ? null : new Date(engine.createdAt).toISOString(),
        status:
          running === undefined
            ? stage === 'booting' || stage === 'coming'
              ? 'created'
              : 'running'
            : running
              ? 'running'
              : 'exited',
        labels: { ...derivedLabels(engine, vpn, containerLabel), ...engine.labels },
        ports: portsOf(engine),
      },
    };
  };
  const known = new Set([...report.engines, ...report.evicted].map((e) => e.id));
  // The VPN's next look will not find them; until then they are kept from being taken for new ones.
  const ended = report.replacements.filter((r) => r.state === 'completed');
  const left = new Set(report.leftOvers.map((e) => e.id));
  const gone = new Set(ended.flatMap((r) => r.old.map((e) => e.id)).filter((id) => !left.has(id)));
  const booting = runningReplacements(report).flatMap((replacement) => {
    const { made, target, number, startedAt, readyAt } = replacement;
    const name = comingName(vpn, replacement);
    if (target === null || name === null || (made === null ? readyAt !== null : known.has(made.id))) return [];
    const own = { [label.instance]: settings.instance, [label.replacement]: replacementLabel(lineage, number) };
    const labels = { ...target.extras?.labels, ...own };
    return [
      container(made ? 'booting' : 'coming', {
        ...target,
        ...(made ?? { id: name, name }),
        labels,
        createdAt: startedAt,
      }),
    ];
  });
  return [
    ...report.engines.map((e) => container('removable', { ...e, createdAt: e.firstSeen })),
    ...report.evicted.filter((e) => !gone.has(e.id)).map((e) => container('leaving', { ...e, ...leaving(report, e) })),
    ...booting,
  ];
}

/** What is still known of an engine that is let go. */
function leaving(report: VpnReport, engine: EngineRef) {
  const made = report.replacements.find((r) => r.newEngine?.id === engine.id);
  const labels: Record<string, string> = made
    ? { [label.instance]: report.settings.instance, [label.replacement]: replacementLabel(report.lineage, made.number) }
    : {};
  return { labels, createdAt: made?.startedAt ?? null };
}

function portsOf({ httpPort, httpsPort, p2pPort }: EngineRef): Record<string, null> {
  const tcp = [httpPort, httpsPort, p2pPort].filter((port) => port !== null).map((port) => [`${port}/tcp`, null]);
  return Object.fromEntries(p2pPort === null ? tcp : [...tcp, [`${p2pPort}/udp`, null]]) as Record<string, null>;
}

/** By id, name, or the beginning of an id if that says which one. */
export function findContainer(all: readonly ManagedContainer[], idOrName: string): ManagedContainer | undefined {
  const exact = all.find(({ json }) => json.id === idOrName || json.name === idOrName);
  if (exact || idOrName.length < ID_PREFIX_AT_LEAST) return exact;
  const beginning = all.filter(({ stage, json }) => stage !== 'coming' && json.id.startsWith(idOrName));
  return beginning.length === 1 ? beginning[0] : undefined;
}
