import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { isKnownName, resembling } from '../../known-names';
import type { Check } from '../../check';
import { ok, warning, type Finding } from '../../finding';
import type { Site } from '../../site';

export function unknownNames({ env, folder }: Site): Check {
  return {
    id: 'configuration.names',
    title: 'names',
    vpn: null,
    look: async () => judgeNames([...new Set([...namesIn(join(folder, '.env')), ...Object.keys(env)])]),
  };
}

function namesIn(path: string): string[] {
  try {
    return Object.keys(parseEnv(readFileSync(path, 'utf8'))).map((name) => name.replaceAll('\uFEFF', ''));
  } catch {
    return [];
  }
}

/** The environment holds many names of other programs, so only names that resemble Portward's are reported. */
export function judgeNames(names: readonly string[]): Finding | readonly Finding[] {
  const findings = names.flatMap((name) => {
    const meant = isKnownName(name) ? null : resembling(name);
    if (meant === null) return [];
    return [
      warning(
        `Portward does not know ${name}`,
        'it has no effect',
        `did you mean ${meant}? Then rename it; else ignore this`,
      ),
    ];
  });
  return findings.length > 0 ? findings : ok('no name looks like a misspelt variable of Portward');
}
