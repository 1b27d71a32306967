import { formerVariables, leftOutVariables } from '../../../config/left-out-variables';
import type { Check } from '../../check';
import { ok, warning, type Finding } from '../../finding';
import type { Site } from '../../site';

type Env = Readonly<Record<string, string | undefined>>;

export function withoutEffect({ env }: Site): Check {
  return {
    id: 'configuration.without-effect',
    title: 'without effect',
    vpn: null,
    look: async () => judgeWithoutEffect(env),
  };
}

export function judgeWithoutEffect(env: Env): Finding | readonly Finding[] {
  const isSet = (name: string) => (env[name] ?? '').trim() !== '';
  const findings = Object.entries({ ...leftOutVariables, ...formerVariables })
    .filter(([name]) => isSet(name))
    .map(([name, instead]) => warning(`${name} is set and has no effect`, instead, `remove ${name}`));
  if (isSet('GLUETUN_CONTAINER_NAME_2') && !isSet('GLUETUN_CONTAINER_NAMES') && !isRedundant(env))
    findings.push(
      warning(
        'GLUETUN_CONTAINER_NAME_2 is set and has no effect',
        'with VPN_MODE=single Portward follows the first VPN only',
        'set VPN_MODE=redundant, or remove GLUETUN_CONTAINER_NAME_2',
      ),
    );
  const ofTemporal = Object.keys(env).filter((name) => OF_OWN_TEMPORAL.test(name) && isSet(name));
  if (ofTemporal.length > 0 && !isSet('TEMPORAL_ADDRESS'))
    findings.push(
      warning(
        `${ofTemporal.join(', ')} ${ofTemporal.length === 1 ? 'is' : 'are'} set without TEMPORAL_ADDRESS, and ${ofTemporal.length === 1 ? 'has' : 'have'} no effect`,
        'Portward starts a Temporal server of its own, with the namespace default',
        `set TEMPORAL_ADDRESS to your server, or remove ${ofTemporal.join(', ')}`,
      ),
    );
  return findings.length > 0 ? findings : ok('every variable that is set has an effect');
}

/** Variables that are read only together with TEMPORAL_ADDRESS. */
const OF_OWN_TEMPORAL = /^TEMPORAL_(NAMESPACE$|API_KEY$|TLS|CONFIG_FILE$|PROFILE$|GRPC_META_)/;

function isRedundant(env: Env): boolean {
  return (env['VPN_MODE'] ?? '').trim().toLowerCase() === 'redundant';
}
