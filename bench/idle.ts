import { setTimeout as sleep } from 'node:timers/promises';
import { residentMb } from './memory';
import { progress } from './progress';
import type { Row } from './row';
import { Site } from './site';

const COUNT_MINUTES = 2;
const MINUTE_MS = 60_000;

/** 10 engines on 2 VPNs without any client. Docker calls are counted over the last 2 minutes. */
export async function idle(minutes: number): Promise<Row[]> {
  const site = await Site.openSimulated({ vpns: 2, engines: 10, engineStartupMs: 0, hints: false });
  try {
    const { dockerCalls: calls, portward } = site;
    const countedMinutes = Math.min(COUNT_MINUTES, minutes);
    await pass(minutes - countedMinutes, minutes);
    calls.reset();
    await pass(countedMinutes, countedMinutes);
    for (const [kind, count] of calls.byKind) progress(`${(count / countedMinutes).toFixed(1)} a minute: ${kind}`);
    const { pid, temporalPid } = portward;
    return [
      {
        what: `idle, 10 engines on 2 VPNs: Docker calls, counted for ${countedMinutes} min`,
        unit: 'calls/min',
        values: [calls.total / countedMinutes],
        bound: { of: 'median', is: 'at most', value: 60 },
      },
      {
        what: `idle for ${minutes} min: resident memory of Portward`,
        unit: 'MB',
        values: [await residentMb(pid)],
        bound: { of: 'median', is: 'at most', value: 250 },
      },
      ...(temporalPid === null
        ? []
        : [
            {
              what: `idle for ${minutes} min: resident memory of the Temporal server`,
              unit: 'MB' as const,
              values: [await residentMb(temporalPid)],
              bound: null,
            },
          ]),
    ];
  } finally {
    await site.close();
  }
}

async function pass(minutes: number, left: number): Promise<void> {
  for (let rest = minutes; rest > 0; rest--) {
    progress(`idle, ${(left - (minutes - rest)).toFixed(1)} minutes left`);
    await sleep(Math.min(1, rest) * MINUTE_MS);
  }
}
