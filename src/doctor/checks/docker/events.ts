import { DeadlineExceeded, withDeadline } from '../../../lib/deadline';
import { statusCode } from '../../../clients/docker/docker-error';
import { EVENTS_MISSING } from '../../../clients/docker/docker-events';
import type { Check } from '../../check';
import { ok, warning, type Finding } from '../../finding';
import type { Site } from '../../site';

/** Docker begins its answer at once. */
const BEGINS_WITHIN_MS = 3_000;

export function events({ docker }: Site): Check {
  return {
    id: 'docker.events',
    title: "Docker's events",
    vpn: null,
    look: async (outer) => {
      const listening = new AbortController();
      try {
        return await withDeadline(BEGINS_WITHIN_MS, outer, async () => {
          await docker.events(['start'], listening.signal);
          return judgeEvents('open');
        });
      } catch (error) {
        if (error instanceof DeadlineExceeded) return judgeEvents('kept back');
        const status = statusCode(error);
        if (status === null) throw error;
        return judgeEvents(status);
      } finally {
        listening.abort();
      }
    },
  };
}

/** @param answer `open`: a stream has begun; `kept back`: nothing arrived; or the HTTP status of the refusal */
export function judgeEvents(answer: 'open' | 'kept back' | number): Finding {
  if (answer === 'open') return ok('they arrive as a stream');
  const obstacle =
    answer === 'kept back'
      ? 'nothing arrives, though the doctor has subscribed to them'
      : `they are refused (${answer})`;
  return warning(obstacle, EVENTS_MISSING.means, EVENTS_MISSING.todo);
}
