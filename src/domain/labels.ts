import type { Port, Role } from './engine';
import { label } from './names';

/** Labels of an image or of a compose file say nothing of an engine; `portward.spec` is for who makes it. */
const OF_OTHERS = /^(org\.opencontainers\.|org\.label-schema\.|com\.docker\.|maintainer$)/;
/** An engine's state stays small whatever its image brings along. */
const KEPT_CHARACTERS_AT_MOST = 300;

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
  const kept: Record<string, string> = {};
  let room = KEPT_CHARACTERS_AT_MOST;
  for (const [name, value] of own.toSorted(([a], [b]) => rank(a) - rank(b))) {
    room -= name.length + value.length;
    if (room >= 0) kept[name] = value;
  }
  return kept;
}

/** Portward's own come first, since decisions hang on them. */
function rank(name: string): number {
  return name.startsWith('portward.') ? 0 : 1;
}

function splitLabel(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
