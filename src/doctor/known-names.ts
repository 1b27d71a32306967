import { formerVariables, leftOutVariables } from '../config/left-out-variables';
import { forAllVpns, ofEachVpn, readElsewhere } from '../config/other-variables';
import { variables } from '../config/variables';

// Names in an `.env` file that mean something to Portward, or to the docker-compose.yml beside it.

/** Read by docker-compose.yml; most of them also with `_2`. */
const OF_COMPOSE = [
  'DOCKER_GID',
  'COMPOSE_PROFILES',
  'VPN_SERVICE_PROVIDER',
  'VPN_TYPE',
  'SERVER_COUNTRIES',
  'PORT_FORWARD_ONLY',
  'WIREGUARD_PRIVATE_KEY',
  'WIREGUARD_PRESHARED_KEY',
  'WIREGUARD_ADDRESSES',
  'OPENVPN_USER',
  'OPENVPN_PASSWORD',
];

const known = new Set([
  ...Object.keys(variables),
  ...readElsewhere,
  ...forAllVpns,
  ...ofEachVpn.flatMap((name) => [`${name}_1`, `${name}_2`]),
  ...OF_COMPOSE.flatMap((name) => [name, `${name}_2`]),
  ...Object.keys(leftOutVariables),
  ...Object.keys(formerVariables),
]);
const NUMBERED = new RegExp(`^(${ofEachVpn.join('|')})_[1-9]\\d*$`);

export function isKnownName(name: string): boolean {
  return known.has(name) || NUMBERED.test(name) || name.startsWith('TEMPORAL_GRPC_META_');
}

/** In shorter names two letters make a difference. */
const SHORT = 10;

/** The known name that somebody may have meant by this one; null where none resembles it. */
export function resembling(name: string): string | null {
  const most = name.length < SHORT ? 1 : 2;
  let best: { readonly name: string; readonly distance: number } | null = null;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > most) continue;
    const distance = distanceBetween(spelled(name), spelled(candidate));
    if (distance <= most && (best === null || distance < best.distance)) best = { name: candidate, distance };
  }
  return best?.name ?? null;
}

/** Case and dashes are no other name in anybody's mind. */
function spelled(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

/** How many letters have to be added, left out, changed or swapped with their neighbour. */
function distanceBetween(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1];
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwapped) least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      row.push(least);
    }
    [beforeLast, last] = [last, row];
  }
  return last.at(-1) ?? 0;
}
