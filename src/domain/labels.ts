import type { Port, Role } from './engine';
import { isNamedByReplacement, label } from './names';

/** Labels that come from images and Compose files: they say nothing of an engine. */
const OF_OTHERS = /^(org\.opencontainers\.|org\.label-schema\.|com\.docker\.|maintainer$)/;
/**
 * How many bytes of labels are kept of an engine, apart from Portward's own labels. So the VPN's state stays small whatever labels
 * the image has: a snapshot of 100 engines, 40 of them in full, is one history event of at most 64 KB. A caller who asks for an
 * engine may give no more than this: all labels that it gives are kept and shown.
 */
export const LABEL_BYTES_AT_MOST = 400;

const encoder = new TextEncoder();

interface Labelled {
  readonly role: Role;
  readonly httpPort: Port;
  readonly httpsPort: Port | null;
  readonly p2pPort: Port | null;
}

/**
 * The labels that follow from an engine's role and ports.
 * @param containerLabel `name=value`, marks the containers that are ours
 */
export function derivedLabels(engine: Labelled, vpn: string, containerLabel: string): Record<string, string> {
  const [markName, markValue] = splitLabel(containerLabel);
  const { role, httpPort, httpsPort, p2pPort } = engine;
  return {
    [markName]: markValue,
    [label.vpn]: vpn,
    [label.httpPort]: String(httpPort),
    ...(httpsPort === null ? {} : { [label.httpsPort]: String(httpsPort) }),
    [label.hostHttpPort]: String(httpPort),
    ...(role === 'forwarded' ? { [label.forwarded]: 'true' } : {}),
    ...(p2pPort === null ? {} : { [label.p2pPort]: String(p2pPort) }),
  };
}

/**
 * Whether this Portward made the container of that name. The labels must say so, too, since anybody can give a container a name in
 * Portward's form: such a container is not touched.
 */
export function isMadeByUs(
  name: string,
  labels: Readonly<Record<string, string>>,
  { instance, containerLabel }: { readonly instance: string; readonly containerLabel: string },
): boolean {
  const [markName, markValue] = splitLabel(containerLabel);
  const isOfOurs = [undefined, instance].includes(labels[label.instance]);
  return labels[markName] === markValue && isOfOurs && isNamedByReplacement(name, labels);
}

/** The labels of a container that are kept in the state: those that do not follow from its role and ports, within the limit. */
export function keptLabels(
  all: Readonly<Record<string, string>>,
  engine: Labelled,
  vpn: string,
  containerLabel: string,
): Record<string, string> {
  const derived = derivedLabels(engine, vpn, containerLabel);
  const own = Object.entries(all).filter(
    ([name, value]) => derived[name] !== value && name !== label.spec && !OF_OTHERS.test(name),
  );
  return labelsWithinRoom(Object.fromEntries(own));
}

/** As many of the labels as LABEL_BYTES_AT_MOST allows. Portward's own are always kept: decisions depend on them. */
export function labelsWithinRoom(labels: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {};
  let room = LABEL_BYTES_AT_MOST;
  for (const [name, value] of Object.entries(labels)) {
    const bytes = name.startsWith('portward.') ? 0 : labelBytes({ [name]: value });
    if (bytes > room) continue;
    room -= bytes;
    kept[name] = value;
  }
  return kept;
}

/** Their size in a history, which holds them as JSON. */
export function labelBytes(labels: Readonly<Record<string, string>>): number {
  return Object.entries(labels).reduce((sum, entry) => sum + encoder.encode(JSON.stringify(entry)).length, 0);
}

function splitLabel(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
