import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findTemporalCli, resolveTemporalCli } from '../../src/embedded-temporal/cli/cli';

const FITTING = 'echo "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"';

let folder: string;
let bin: string;
let cached: string;
const messages: string[] = [];
const note = (message: string): void => {
  messages.push(message);
};
const log = { info: note, warn: note };

beforeEach(() => {
  messages.length = 0;
  folder = mkdtempSync(join(tmpdir(), 'portward-cli-'));
  bin = join(folder, 'bin');
  cached = join(folder, 'cache', 'temporal-cli-1.5.1', 'temporal');
  // No test may use the network, so a download always fails.
  jest.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('fetch failed', { cause: new Error('offline') }));
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

test('TEMPORAL_CLI_PATH is used before everything else', async () => {
  const chosen = program(join(folder, 'chosen'), FITTING);
  program(join(bin, 'temporal'), FITTING);
  program(cached, FITTING);
  expect(await resolve({ TEMPORAL_CLI_PATH: chosen })).toBe(chosen);
});

test('a TEMPORAL_CLI_PATH that can not be executed is an error, and nothing else is tried', async () => {
  program(cached, FITTING);
  const text = join(folder, 'text');
  writeFileSync(text, 'no program');
  await expect(resolve({ TEMPORAL_CLI_PATH: text })).rejects.toThrow(
    /TEMPORAL_CLI_PATH is .*text.*not an executable file/,
  );
  await expect(resolve({ TEMPORAL_CLI_PATH: join(folder, 'absent') })).rejects.toThrow('not an executable file');
});

test('the CLI on PATH is used before the cached one', async () => {
  const onPath = program(join(bin, 'temporal'), FITTING);
  program(cached, FITTING);
  expect(await resolve()).toBe(onPath);
});

test.each([
  ['too old', 'echo "temporal version 0.9.0 (server 1.20.1) (ui 2.10.0)"; echo "(Server 1.20.1"', 'its server is 1.20'],
  ['another program of that name', 'echo "temporal, a calendar"', 'does not name a Temporal server'],
  ['broken', 'echo "no such library" >&2; exit 127', 'no such library'],
])('a CLI on PATH that is %s is not used, with the reason in the log', async (_what, script, why) => {
  program(join(bin, 'temporal'), script);
  program(cached, FITTING);
  expect(await resolve()).toBe(cached);
  expect(messages.join('\n')).toContain(why);
});

test('the cached CLI is used without a log line', async () => {
  program(cached, FITTING);
  expect(await resolve()).toBe(cached);
  expect(messages).toEqual([]);
});

test('a download that fails leads to a build with Go, which is then cached', async () => {
  const calls = join(folder, 'calls');
  program(join(bin, 'go'), `echo "$*" >> ${calls}; echo built > "$GOBIN/temporal"; /bin/chmod +x "$GOBIN/temporal"`);
  expect(await resolve()).toBe(cached);
  expect(readFileSync(calls, 'utf8')).toMatch(/^install .*github\.com\/temporalio\/cli\/cmd\/temporal@v1\.5\.1\n$/);
  expect(readFileSync(cached, 'utf8')).toBe('built\n');
  expect(readdirSync(dirname(cached))).toEqual(['temporal']);
  expect(messages.join('\n')).toContain('about 3 minutes, once');
});

test('two processes at the same moment build once', async () => {
  const calls = join(folder, 'calls');
  program(
    join(bin, 'go'),
    `echo "$*" >> ${calls}; /bin/sleep 0.3; echo built > "$GOBIN/temporal"; /bin/chmod +x "$GOBIN/temporal"`,
  );
  expect(await Promise.all([resolve(), resolve()])).toEqual([cached, cached]);
  expect(readFileSync(calls, 'utf8').trim().split('\n')).toHaveLength(1);
});

test('the files and the lock of a killed installation are removed, and it is not waited for', async () => {
  const leftover = join(dirname(cached), 'build-AbCdEf');
  mkdirSync(leftover, { recursive: true });
  const dead = spawnSync(process.execPath, ['--version']).pid;
  writeFileSync(join(dirname(cached), 'installing.json'), JSON.stringify({ pid: dead, started: 'long ago' }));
  program(join(bin, 'go'), 'echo built > "$GOBIN/temporal"; /bin/chmod +x "$GOBIN/temporal"');
  await resolve();
  expect(readdirSync(dirname(cached))).toEqual(['temporal']);
  expect(messages.join('\n')).not.toContain('Waiting');
});

test('if nothing works, one error says what was tried and what to install', async () => {
  program(join(bin, 'go'), 'echo "no route to the module proxy" >&2; exit 1');
  await expect(resolve()).rejects.toMatchObject({
    name: 'TemporalCliMissingError',
    message: expect.stringMatching(
      /download: offline[\s\S]*no route to the module proxy[\s\S]*Install it[\s\S]*TEMPORAL_ADDRESS/,
    ),
  });
  expect(existsSync(cached)).toBe(false);
});

test('a search for the CLI installs nothing', async () => {
  expect(await findTemporalCli(options({}))).toBeUndefined();
  expect(fetch).not.toHaveBeenCalled();
});

function resolve(env: Record<string, string> = {}): Promise<string> {
  return resolveTemporalCli(options(env));
}

function options(env: Record<string, string>) {
  // Uses nothing of this machine: the fakes are shell scripts that need no PATH.
  return { env: { PATH: bin, ...env }, cacheDir: join(folder, 'cache'), log };
}

function program(path: string, script: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
