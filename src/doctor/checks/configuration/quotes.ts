import { isKnownName } from '../../known-names';
import type { Check } from '../../check';
import { ok, warning, type Finding } from '../../finding';
import type { Site } from '../../site';

/** `docker run --env-file`, and lists in a Compose file, treat quotes as a part of the value. */
export function quotes({ env }: Site): Check {
  return {
    id: 'configuration.quotes',
    title: 'quotes',
    vpn: null,
    look: async () => judgeQuotes(env),
  };
}

export function judgeQuotes(env: Readonly<Record<string, string | undefined>>): Finding {
  const quoted = Object.entries(env)
    .filter(([name, value = '']) => isKnownName(name) && /^\s*(['"]).*\1\s*$/s.test(value))
    .map(([name]) => name);
  if (quoted.length === 0) return ok('no value has quotes that would be read as a part of it');
  return warning(
    `the quotes around ${quoted.join(', ')} count as a part of the value`,
    'docker run --env-file, and lists in a Compose file, take quotes as they stand',
    'remove the quotes there',
  );
}
