import type { Port, Role } from './engine';
import { isNamedByReplacement, label } from './names';

/** Labels of an image or of a compose file say nothing of an engine; `portward.spec` is for who makes it. */
const OF_OTHERS = /^(org\.opencontainers\.|org\.label-schema\.|com\.docker\.|maintainer$)/;
/**
 * Beside Portward's own an engine has so many bytes of labels, so that its VPN's state stays small whatever its image brings
 * along: a snapshot of 100 engines, of which it tells 40 whole, is one event of at most 64 KB. Who asks for an engine may give no
 * more: what is given is shown.
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
 * The labels that follow from what an engine is.
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
 * Whether this Portward made the container of that name. Its names are its own, but anybody can give a container one: such
 * a container is not touched.
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

/** What has to be remembered of a container's labels: those that do not follow from what it is, and not without end. */
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

/** As many of them as an engine's state has room for. Portward's own have theirs: decisions hang on them. */
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

/** How large they are in a history, which is JSON. */
export function labelBytes(labels: Readonly<Record<string, string>>): number {
  return Object.entries(labels).reduce((sum, entry) => sum + encoder.encode(JSON.stringify(entry)).length, 0);
}

function splitLabel(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
