import { DeadlineExceeded, withDeadline } from '../../../lib/deadline';
import type { VpnStatusJson } from '../../../api/schemas/engines';
import { ProblemError, type Problem } from '../../../lib/problem';
import { apiPlace } from '../../../program/api-place';
import { assertCanListen } from '../../../lib/listening-port';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';

/** Reports the problems that a running Portward knows: it observes for hours what other checks see only once. */
export function running(site: Site): Check {
  return {
    id: 'portward.running',
    title: 'Portward',
    vpn: null,
    look: async (signal) => {
      let stranger: string | null = null;
      try {
        const status = await withDeadline(ANSWERS_WITHIN_MS, signal, () => site.askPortward('/vpn/status'));
        return judgeStatus(status as VpnStatusJson);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        const found = error instanceof ProblemError ? error.problem.what : error.message;
        if (error.name === 'Refused') return judgeStranger(found);
        if (error instanceof DeadlineExceeded)
          stranger = 'a program accepts connections at its address, but does not answer';
        else if (error.name !== 'NoAnswer') stranger = found;
      }
      try {
        await assertCanListen(apiPlace(site.settings));
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        return judgePlace(error.problem, stranger);
      }
      return stranger === null ? ok('it does not run now, and its port is free') : judgeStranger(stranger);
    },
  };
}

/** Shorter than the time limit of a check. */
const ANSWERS_WITHIN_MS = 5_000;

export function judgeStatus({ vpns }: Pick<VpnStatusJson, 'vpns'>): Finding | readonly Finding[] {
  const findings = vpns.flatMap(({ container_name: name, problem, stale_seconds: stale }): Finding[] => {
    if (stale !== null)
      return [
        warning(
          `the workflow of VPN '${name}' has not answered for ${stale} s`,
          'lists may be out of date',
          'check that a worker and the Temporal server run, and read their logs',
        ),
      ];
    return problem === null ? [] : [wrong(`VPN '${name}': ${problem}`, null, null)];
  });
  if (findings.length > 0) return findings;
  const forwarding = vpns.filter((vpn) => vpn.forwarding === 'forwarded').length;
  return ok(`it runs, and knows of no problem; ${forwarding} of ${vpns.length} VPNs forwarding`);
}

/** Something answers at Portward's address, but does not report its problems. @param reason what is known about it */
export function judgeStranger(reason: string): Finding {
  return warning(
    reason,
    'the problems that a running Portward knows can not be shown here',
    'set PORTWARD_URL and API_KEY to those of Portward',
  );
}

/**
 * The address at which Portward would listen can't be used.
 * @param stranger what is known about the program that uses it, if anything
 */
export function judgePlace({ what, todo }: Problem, stranger: string | null): Finding {
  const found = stranger === null ? what : `${what}: ${stranger}`;
  return wrong(found, 'Portward does not start like this', todo);
}
