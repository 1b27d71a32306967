/**
 * Variables of Portward's predecessor that Portward does not read, with what it does instead. `.env` files with them
 * still work; docs/guides/migrating.md says why they were left out.
 */
export const leftOutVariables: Readonly<Record<string, string>> = {
  IDLE_TTL_S: 'idle engines beyond the wanted ones go after ENGINE_GRACE_PERIOD_S',
  AUTO_DELETE: 'idle engines beyond the wanted ones always go',
};

/** Variables of earlier versions of Portward, in the same form. */
export const formerVariables: Readonly<Record<string, string>> = {
  PORTWARD_TEMPORAL_UI_IP:
    'the Temporal UI is now at /temporal of the API, for whoever has API_KEY; its own port is loopback only',
};

/** One line about those that are set; null if none is. */
export function leftOutNotice(env: Readonly<Record<string, string | undefined>>): string | null {
  const all = Object.entries({ ...leftOutVariables, ...formerVariables });
  const set = all.filter(([name]) => (env[name] ?? '').trim() !== '');
  if (set.length === 0) return null;
  const each = set.map(([name, instead]) => `${name} (${instead})`);
  return `Set, but without effect: ${each.join(', ')}; see docs/reference/configuration.md`;
}
