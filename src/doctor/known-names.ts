import { formerVariables, leftOutVariables } from '../config/left-out-variables';
import { forAllVpns, ofEachVpn, readElsewhere } from '../config/other-variables';
import { variables } from '../config/variables';

// Names of variables for an `.env` file: those of Portward, and those of the docker-compose.yml beside it.

/** Variables of docker-compose.yml, most of them also with `_2`. */
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

/** In shorter names, two different letters make another word. */
const SHORT = 10;

/** The known name that the user probably meant; null if none is similar. */
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

/** Case and dashes don't count as differences. */
function spelled(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

/** The number of letters that have to be added, removed, changed or swapped with their neighbour. */
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
