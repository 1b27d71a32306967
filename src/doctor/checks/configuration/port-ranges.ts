import type { Config } from '../../../config/config';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';

export function portRanges(site: Site): Check {
  return {
    id: 'configuration.port-ranges',
    title: 'port ranges',
    vpn: null,
    look: async () => judgeRanges(site.settings.vpns),
  };
}

/** The new engine of a replacement starts beside the old one, and needs a port of its own until then. */
export function judgeRanges(vpns: Config['vpns']): Finding | readonly Finding[] {
  const findings = vpns.flatMap(({ name, httpPorts: { first, last }, targetEngines }, i): Finding[] => {
    const size = last - first + 1;
    const engines = Math.max(1, targetEngines);
    if (size > engines) return [];
    const range = `the range ${first}-${last} of VPN '${name}' has ${size} port${size === 1 ? '' : 's'}, for ${engines} engine${engines === 1 ? '' : 's'}`;
    const todo = `widen GLUETUN_PORT_RANGE_${i + 1} to ${first}-${first + engines + 1} or more, also in the ports that the VPN's container publishes`;
    return size < engines
      ? [wrong(range, 'some engines get no port', todo)]
      : [warning(range, 'a new engine has to wait until the old one is stopped, and viewers with it', todo)];
  });
  if (findings.length > 0) return findings;
  return ok(vpns.map(({ name, httpPorts: { first, last } }) => `${name}: ${first}-${last}`).join(', '));
}
