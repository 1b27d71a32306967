import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import { TemporalError, type TemporalSite } from '../../temporal-site';

const HOUR_S = 3600;
const LEAST_S = 24 * HOUR_S;

export function retention(temporal: TemporalSite): Check {
  return {
    id: 'temporal.retention',
    title: 'namespace',
    vpn: null,
    look: async () => {
      if (!(await temporal.isRunning())) return [];
      try {
        const { name, retentionS } = await temporal.namespace();
        return judgeRetention(name, retentionS, await temporal.cli());
      } catch (error) {
        if (error instanceof TemporalError && MISSING.test(error.problem.what))
          return judgeMissing(error.problem.what, await temporal.cli());
        throw error;
      }
    },
  };
}

const MISSING = /has no namespace/;

/** @param cli command line of Temporal's CLI for this server and namespace */
export function judgeMissing(found: string, cli: string): Finding {
  return wrong(
    found,
    'Portward can not work without it',
    `${cli} operator namespace create, or correct TEMPORAL_NAMESPACE`,
  );
}

/** @param cli command line of Temporal's CLI for this server and namespace */
export function judgeRetention(namespace: string, retentionS: number, cli: string): Finding {
  const hours = Math.round(retentionS / HOUR_S);
  const found = `namespace '${namespace}' keeps workflows that have ended for ${hours} h`;
  if (retentionS >= LEAST_S) return ok(found);
  return warning(
    found,
    'replacements are gone from the Temporal UI after that',
    `${cli} operator namespace update --retention 72h`,
  );
}
