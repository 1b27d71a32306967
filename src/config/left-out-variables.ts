/**
 * Variables of the system before Portward that it does not read, with what holds in their place. `.env` files that have
 * them go on working; docs/guides/migrating.md says why they were left out.
 */
export const leftOutVariables: Readonly<Record<string, string>> = {
  IDLE_TTL_S: 'idle engines beyond the wanted ones go after ENGINE_GRACE_PERIOD_S',
  AUTO_DELETE: 'idle engines beyond the wanted ones always go',
};

/** The same of earlier versions of Portward. */
export const formerVariables: Readonly<Record<string, string>> = {
  PORTWARD_TEMPORAL_UI_IP:
    'the Temporal UI is now at /temporal of the API, for whoever has API_KEY; its own port is loopback only',
};

/** One line about those that are set; null when none is. */
export function leftOutNotice(env: Readonly<Record<string, string | undefined>>): string | null {
  const all = Object.entries({ ...leftOutVariables, ...formerVariables });
  const set = all.filter(([name]) => (env[name] ?? '').trim() !== '');
  if (set.length === 0) return null;
  const each = set.map(([name, instead]) => `${name} (${instead})`);
  return `Set, but without effect: ${each.join(', ')}; see docs/reference/configuration.md`;
}
