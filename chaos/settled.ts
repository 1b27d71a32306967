import type { ReplacementJson } from '../src/api/schemas/engines';
import type { ListedEngine } from './checker/facts';

/** The state of a VPN, as one look found it. */
export interface VpnWorld {
  readonly vpn: string;
  /** The port that its provider forwards; 0: none. */
  readonly port: number;
  readonly healthy: boolean;
  /** Its engines in a fresh list; null: there is none. */
  readonly listed: readonly ListedEngine[] | null;
  /** The P2P port of its forwarded engine, by the engine's own answer; null: no such engine, or no answer. */
  readonly listensOn: number | null;
  /** Containers in Docker with the site's labels, whatever their state. */
  readonly containers: readonly {
    readonly id: string;
    readonly name: string;
    readonly running: boolean;
    /** The P2P port that it was made for; null: none. */
    readonly p2pLabel: string | null;
  }[];
  /** Null: the API does not answer. */
  readonly replacements: readonly Pick<ReplacementJson, 'id' | 'state' | 'last_error' | 'cause'>[] | null;
}

/** I3: the reasons why the VPN has not settled; empty when it has. */
export function unsettled(world: VpnWorld, engines: number): string[] {
  const { port, healthy, listed, listensOn, containers, replacements } = world;
  const wrong: string[] = [];
  if (!healthy) wrong.push('its container is not healthy');
  if (port === 0) wrong.push('its provider forwards no port');
  if (listed === null) wrong.push('there is no fresh list');
  else {
    const forwarded = listed.filter((e) => e.forwarded);
    const ports = forwarded.map((e) => e.p2pPort);
    if (listed.length !== engines) wrong.push(`expected ${engines} engines in the list, found ${listed.length}`);
    if (ports.length !== 1 || ports[0] !== port)
      wrong.push(`expected one forwarded engine on port ${port} in the list, found ports [${ports.join(', ')}]`);
    // Do not rely on Portward's answer alone.
    const labels = containers.filter(({ id }) => forwarded.some((e) => e.id === id)).map((c) => c.p2pLabel);
    if (labels.some((label) => label !== String(port)))
      wrong.push(`expected the forwarded engine's label to say port ${port}, found ${labels.join(', ') || 'none'}`);
    if (forwarded.length > 0 && listensOn !== port)
      wrong.push(`expected the forwarded engine to listen on port ${port}, found ${listensOn ?? 'no answer'}`);
    const known = new Set(listed.map((e) => e.id));
    const left = containers.filter(({ id }) => !known.has(id)).map(({ name }) => name);
    if (left.length > 0) wrong.push(`containers that are not in the list: ${left.join(', ')}`);
    const there = new Set(containers.map(({ id }) => id));
    const gone = listed.filter(({ id }) => !there.has(id)).map(({ name }) => name);
    if (gone.length > 0) wrong.push(`engines in the list without a container: ${gone.join(', ')}`);
  }
  const down = containers.filter(({ running }) => !running).map(({ name }) => name);
  if (down.length > 0) wrong.push(`containers that don't run: ${down.join(', ')}`);
  if (replacements === null) wrong.push('the API does not list its replacements');
  else {
    const running = replacements.filter(({ state }) => state === 'running');
    const texts = running.map((r) => `${r.id} (${r.cause}${r.last_error === null ? '' : `: ${r.last_error}`})`);
    if (running.length > 0) wrong.push(`replacements at work: ${texts.join('; ')}`);
  }
  return wrong.map((text) => `VPN ${world.vpn}: ${text}`);
}
