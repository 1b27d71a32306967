import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { DockerCalls } from './docker-calls';
import { residentMb } from './memory';
import { progress } from './progress';
import { Site } from './site';

export interface Idle {
  readonly callsPerMinute: number;
  readonly countedMinutes: number;
  readonly portwardMb: number;
  /** Null where its process can't be found. */
  readonly temporalMb: number | null;
}

const COUNT_MINUTES = 2;
const MINUTE_MS = 60_000;

/** 10 engines on 2 VPNs, and nobody who asks for anything. Docker calls are counted over the last 2 minutes. */
export async function idle(docker: Docker, minutes: number): Promise<Idle> {
  const calls = await DockerCalls.listen();
  const env = { DOCKER_HOST: calls.address };
  try {
    const site = await Site.open(docker, { vpns: 2, engines: 10, engineStartupMs: 0, hints: false, env });
    try {
      const countedMinutes = Math.min(COUNT_MINUTES, minutes);
      await pass(minutes - countedMinutes, minutes);
      calls.counts.reset();
      await pass(countedMinutes, countedMinutes);
      const callsPerMinute = calls.counts.total / countedMinutes;
      for (const [kind, count] of calls.counts.byKind)
        progress(`${(count / countedMinutes).toFixed(1)} a minute: ${kind}`);
      const { pid, temporalPid } = site.portward;
      return {
        callsPerMinute,
        countedMinutes,
        portwardMb: await residentMb(pid),
        temporalMb: temporalPid === null ? null : await residentMb(temporalPid),
      };
    } finally {
      await site.close();
    }
  } finally {
    await calls.close();
  }
}

async function pass(minutes: number, left: number): Promise<void> {
  for (let rest = minutes; rest > 0; rest--) {
    progress(`idle, ${(left - (minutes - rest)).toFixed(1)} minutes left`);
    await sleep(Math.min(1, rest) * MINUTE_MS);
  }
}
