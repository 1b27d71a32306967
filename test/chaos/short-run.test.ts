import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { FAULT_KINDS, type FaultKind } from '../../chaos/faults';
import { makeSchedule } from '../../chaos/schedule';
import { whyNoPrivateDocker } from '../../simulator/private-docker';

/**
 * Schedules that together have most kinds of faults, also Docker's restart and everything that reduces the number of engines; each
 * needs about 30 s. None kills Docker: a Docker that was killed does not always work again, and `npm run chaos` repeats such a schedule.
 */
const SEEDS = { first: 17_887, count: 2 };
const LIMIT_MS = 240_000;
/** The default of `npm run chaos`. */
const SECONDS = 8;
const OF_DOCKER: readonly FaultKind[] = ['docker-restart', 'docker-kill'];

// In a process of its own, as with `npm run chaos`: what it starts ends with it, whatever happens to jest.
async function runChaos(...args: string[]): Promise<{ readonly code: unknown; readonly output: string }> {
  const main = join(__dirname, '..', '..', 'dist', 'chaos', 'main.js');
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const [code] = await once(child, 'close');
  return { code, output };
}

/** The kinds of fault that the schedules have and this machine can cause. */
async function plannedKinds(): Promise<FaultKind[]> {
  const hasDocker = (await whyNoPrivateDocker()) === null;
  const kinds = new Set<FaultKind>();
  for (let seed = SEEDS.first; seed < SEEDS.first + SEEDS.count; seed++) {
    for (const { kind } of makeSchedule({ seed, seconds: SECONDS, kinds: FAULT_KINDS }).faults) kinds.add(kind);
  }
  return [...kinds].filter((kind) => hasDocker || !OF_DOCKER.includes(kind));
}

/** The counts in the row of that kind in the final table. */
function countsIn(output: string, kind: FaultKind): { fired: number; hindered: number; failed: number } {
  const [, fired, hindered, failed] = new RegExp(`^${kind} +(\\d+) +(\\d+) +(\\d+)$`, 'm').exec(output) ?? [];
  return { fired: Number(fired ?? 0), hindered: Number(hindered ?? 0), failed: Number(failed ?? 0) };
}

test(
  'whatever breaks around Portward, its promises hold',
  async () => {
    const { code, output } = await runChaos('--seed', String(SEEDS.first), '--schedules', String(SEEDS.count));
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^violations +0$/m) });
    // A run without faults would prove nothing.
    const planned = await plannedKinds();
    expect(planned.length).toBeGreaterThan(10);
    const counts = planned.map((kind) => ({ kind, ...countsIn(output, kind) }));
    expect(counts.filter(({ fired, hindered }) => fired + hindered === 0)).toEqual([]);
    // Faults prevent one another now and then, but most of them must happen.
    expect(counts.filter(({ fired }) => fired === 0).length).toBeLessThan(planned.length / 4);
    expect(output).toMatch(new RegExp(`^schedules +${SEEDS.count}$`, 'm'));
  },
  LIMIT_MS,
);
