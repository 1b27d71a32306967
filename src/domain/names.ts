import type { Instant, Role } from './engine';

/** The task queue of one Portward instance, which is one Docker host. */
export function taskQueue(instance: string): string {
  return `portward-${instance}`;
}

export function vpnWorkflowId(instance: string, vpn: string): string {
  return `vpn/${instance}/${vpn}`;
}

/** Of the workflow that sets how many engines each VPN keeps. */
export function fleetWorkflowId(instance: string): string {
  return `fleet/${instance}`;
}

export function replacementWorkflowId(instance: string, vpn: string, lineage: string, number: number): string {
  return `${replacementWorkflowIdPrefix(instance, vpn)}${number}-${lineage}`;
}

/**
 * Names one life of a VPN's workflow for good, on everything that it makes. Of two the one that began first comes first in
 * order, and those that earlier releases named before both.
 * @param random four hexadecimal digits
 */
export function newLineage(begun: Instant, random: string): string {
  return `t${begun.toString(36)}${random}`;
}

/** When that life began, by the clock of its Temporal server; null where its name does not tell. */
export function beganAt(lineage: string): Instant | null {
  const begun = /^t([0-9a-z]{8,})[0-9a-f]{4}$/.exec(lineage)?.[1];
  return begun === undefined ? null : Number.parseInt(begun, 36);
}

/** The lineage in the id of a replacement's workflow. */
export function lineageOf(replacementId: string): string {
  return replacementId.slice(replacementId.lastIndexOf('-') + 1);
}

/** What the ids of all replacements of a VPN begin with, or of all VPNs. */
export function replacementWorkflowIdPrefix(instance: string, vpn?: string): string {
  return vpn === undefined ? `replace/${instance}/` : `replace/${instance}/${vpn}/`;
}

/**
 * Lineage and number make a name unique even when Temporal's database was lost and numbers begin again;
 * the generation tells apart the engines of a replacement whose target moved.
 */
export function engineName(role: Role, vpn: string, lineage: string, number: number, generation: number): string {
  return `acestream_${role === 'forwarded' ? 'fwd_' : ''}${vpn}_${number}_${generation}_${lineage}`;
}

/** Value of the label `portward.replacement` on a container that Portward made. */
export function replacementLabel(lineage: string, number: number): string {
  return `${lineage}/${number}`;
}

/** Whether the labels of a container of that name say that a replacement made it, and gave it that name. */
export function isNamedByReplacement(name: string, labels: Readonly<Record<string, string>>): boolean {
  const vpn = labels[label.vpn];
  const [, lineage, number] = /^([^/]+)\/(\d+)$/.exec(labels[label.replacement] ?? '') ?? [];
  const generation = /_(\d+)_[^_]+$/.exec(name)?.[1];
  if (vpn === undefined || lineage === undefined) return false;
  const role = labels[label.forwarded] === 'true' ? 'forwarded' : 'plain';
  return name === engineName(role, vpn, lineage, Number(number), Number(generation));
}

/** Of the replacement that made a container; null: none did. */
export function makerOf(labels: Readonly<Record<string, string>>): string | null {
  return /^([^/]+)\/\d+$/.exec(labels[label.replacement] ?? '')?.[1] ?? null;
}

/** Whether a container was made by replacements of this lineage. */
export function isOfLineage(labels: Readonly<Record<string, string>>, lineage: string): boolean {
  return labels[label.replacement]?.startsWith(`${lineage}/`) === true;
}

export const label = {
  forwarded: 'acestream.forwarded',
  vpn: 'acestream.vpn_container',
  httpPort: 'acestream.http_port',
  httpsPort: 'acestream.https_port',
  hostHttpPort: 'host.http_port',
  p2pPort: 'acestream.p2p_port',
  instance: 'portward.instance',
  replacement: 'portward.replacement',
  spec: 'portward.spec',
} as const;
