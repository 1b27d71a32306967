import type { Instant, Role } from './engine';

/** The task queue of one Portward instance, which is one Docker host. */
export function taskQueue(instance: string): string {
  return `portward-${instance}`;
}

export function vpnWorkflowId(instance: string, vpn: string): string {
  return `vpn/${instance}/${vpn}`;
}

/** Id of the workflow that sets how many engines each VPN keeps. */
export function fleetWorkflowId(instance: string): string {
  return `fleet/${instance}`;
}

export function replacementWorkflowId(instance: string, vpn: string, incarnation: string, number: number): string {
  return `${replacementWorkflowIdPrefix(instance, vpn)}${number}-${incarnation}`;
}

/**
 * Name of a new incarnation of a VPN's workflow. Everything that the incarnation makes carries it. Names sort by the time at which
 * their incarnations began; names in the form of earlier releases sort before these.
 * @param random four hexadecimal digits
 */
export function newIncarnation(begun: Instant, random: string): string {
  return `t${begun.toString(36)}${random}`;
}

/** When the incarnation began, by the clock of its Temporal server; null: the name has the form of an earlier release. */
export function beganAt(incarnation: string): Instant | null {
  const begun = /^t([0-9a-z]{8,})[0-9a-f]{4}$/.exec(incarnation)?.[1];
  return begun === undefined ? null : Number.parseInt(begun, 36);
}

/** The incarnation in the id of a replacement's workflow. */
export function incarnationOf(replacementId: string): string {
  return replacementId.slice(replacementId.lastIndexOf('-') + 1);
}

/** The beginning of the ids of all replacements of one VPN; without `vpn`, of all VPNs. */
export function replacementWorkflowIdPrefix(instance: string, vpn?: string): string {
  return vpn === undefined ? `replace/${instance}/` : `replace/${instance}/${vpn}/`;
}

/**
 * Name of an engine's container. Incarnation and number make it unique, also when Temporal's database was lost and numbers begin
 * again. The generation tells apart the engines of one replacement whose target has moved.
 */
export function engineName(role: Role, vpn: string, incarnation: string, number: number, generation: number): string {
  return `acestream_${role === 'forwarded' ? 'fwd_' : ''}${vpn}_${number}_${generation}_${incarnation}`;
}

/** Value of the label `portward.replacement` on a container that Portward made. */
export function replacementLabel(incarnation: string, number: number): string {
  return `${incarnation}/${number}`;
}

/** Whether the container's name is the one that the replacement named by its labels would have given it. */
export function isNamedByReplacement(name: string, labels: Readonly<Record<string, string>>): boolean {
  const vpn = labels[label.vpn];
  const [, incarnation, number] = /^([^/]+)\/(\d+)$/.exec(labels[label.replacement] ?? '') ?? [];
  const generation = /_(\d+)_[^_]+$/.exec(name)?.[1];
  if (vpn === undefined || incarnation === undefined) return false;
  const role = labels[label.forwarded] === 'true' ? 'forwarded' : 'plain';
  return name === engineName(role, vpn, incarnation, Number(number), Number(generation));
}

/** Incarnation of the replacement that made a container; null: none did. */
export function makerOf(labels: Readonly<Record<string, string>>): string | null {
  return /^([^/]+)\/\d+$/.exec(labels[label.replacement] ?? '')?.[1] ?? null;
}

/** Whether a replacement of this incarnation made the container. */
export function isOfIncarnation(labels: Readonly<Record<string, string>>, incarnation: string): boolean {
  return labels[label.replacement]?.startsWith(`${incarnation}/`) === true;
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
