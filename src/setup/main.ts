/** Installs what demo, tests and benchmark need of the machine besides npm packages. */
import { cacheDir, dataDir } from '../config/folders';
import { resolveTemporalCli } from '../embedded-temporal/cli/cli';
import { ensureChromium } from './chromium';
import { ensureDockerEngine } from './docker-engine';
import { thisMachine } from './machine';
import { messageOf } from '../lib/errors';

const log = { info: say, warn: say };

async function main(): Promise<void> {
  const { env } = process;
  const took = [
    await timed('Docker Engine', () => ensureDockerEngine({ machine: thisMachine(env), logDir: dataDir(env), log })),
    await timed('Chromium', () => ensureChromium(thisMachine(env), env, log)),
    await timed('Temporal CLI', () => resolveTemporalCli({ env, cacheDir: cacheDir(env), log })),
  ];
  say(`✓ ${took.join(', ')}`);
}

async function timed(what: string, work: () => Promise<unknown>): Promise<string> {
  const began = performance.now();
  await work();
  const seconds = Math.round((performance.now() - began) / 1000);
  return seconds < 2 ? what : `${what} (${seconds} s)`;
}

function say(message: string): void {
  process.stdout.write(`${message}\n`);
}

// Exits on a signal, so that child processes such as a build are ended, too (`runCommand`).
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const) {
  process.once(signal, () => process.exit(128 + number));
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
