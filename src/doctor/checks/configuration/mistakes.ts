import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';

export function mistakes({ mistakes: found, config }: Site): Check {
  return {
    id: 'configuration.variables',
    title: 'variables',
    vpn: null,
    look: async () => judgeMistakes(found, config?.vpns.map(({ name }) => name) ?? []),
  };
}

export function judgeMistakes(found: readonly string[], vpns: readonly string[]): Finding | readonly Finding[] {
  if (found.length === 0) return ok(`what is set fits together; VPNs: ${vpns.join(', ')}`);
  return found.map((mistake) =>
    wrong(mistake, 'Portward does not start like this', 'correct it in .env, or where the environment is set'),
  );
}
