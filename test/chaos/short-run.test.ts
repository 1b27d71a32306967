import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/**
 * Schedules that have most kinds of faults between them, Docker's restart too; each needs about 30 s. None kills Docker: one that
 * was killed does not always come to itself, which is for `npm run chaos` to play again.
 */
const SEEDS = { first: 1029, count: 2 };
const LIMIT_MS = 240_000;

// In a process of its own, as `npm run chaos` is: what it starts ends with it, whatever happens to this one.
async function runChaos(...args: string[]): Promise<{ readonly code: unknown; readonly output: string }> {
  const main = join(__dirname, '..', '..', 'dist', 'chaos', 'main.js');
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const [code] = await once(child, 'close');
  return { code, output };
}

test(
  'whatever breaks around Portward, its promises hold',
  async () => {
    const { code, output } = await runChaos('--seed', String(SEEDS.first), '--schedules', String(SEEDS.count));
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^violations +0$/m) });
    expect(output).toMatch(new RegExp(`^schedules +${SEEDS.count}$`, 'm'));
  },
  LIMIT_MS,
);
