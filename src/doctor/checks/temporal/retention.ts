import type { Check } from '../../check';
import { ok, warning, type Finding } from '../../finding';
import type { TemporalSite } from '../../temporal-site';

const HOUR_S = 3600;
const LEAST_S = 24 * HOUR_S;

export function retention(temporal: TemporalSite): Check {
  return {
    id: 'temporal.retention',
    title: 'namespace',
    vpn: null,
    look: async () => {
      if (!(await temporal.isRunning())) return [];
      const { name, retentionS } = await temporal.namespace();
      return judgeRetention(name, retentionS);
    },
  };
}

export function judgeRetention(namespace: string, retentionS: number): Finding {
  const hours = Math.round(retentionS / HOUR_S);
  const found = `namespace '${namespace}' keeps workflows that have ended for ${hours} h`;
  if (retentionS >= LEAST_S) return ok(found);
  return warning(
    found,
    'replacements are gone from the Temporal UI after that',
    `temporal operator namespace update --namespace ${namespace} --retention 72h`,
  );
}
