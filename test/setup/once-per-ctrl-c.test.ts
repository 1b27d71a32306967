import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

/** A program behind `npm run`, as scripts/run.mjs starts it: it prints every signal that it gets, and goes on. */
const PROGRAM = `
  // On a busy machine the two signals may be further apart than those of one key press.
  performance.now = () => 1;
  await import(${JSON.stringify(join(__dirname, '../../scripts/once-per-ctrl-c.mjs'))});
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => console.log(signal));
  console.log(process.pid);
  setInterval(() => {}, 60_000);
`;

const started: number[] = [];

afterEach(() => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The program has ended by itself.
    }
  }
});

test('a Ctrl-C that arrives from the terminal and from npm counts once', async () => {
  const { pid, lines } = await start([process.execPath, '--input-type=module', '--eval', PROGRAM]);
  process.kill(pid, 'SIGINT');
  expect(await next(lines)).toBe('SIGINT');
  process.kill(pid, 'SIGINT');
  process.kill(pid, 'SIGTERM');
  expect(await next(lines)).toBe('SIGTERM');
});

test('the program is told to end when the shell in which npm started it is gone', async () => {
  const { shell, lines } = await start([
    '/bin/sh',
    '-c',
    '"$0" "$@"; true',
    process.execPath,
    '--input-type=module',
    '--eval',
    PROGRAM,
  ]);
  shell.kill('SIGTERM');
  expect(await next(lines)).toBe('SIGTERM');
});

async function start([command = '', ...args]: string[]): Promise<{
  shell: ChildProcess;
  pid: number;
  lines: Interface;
}> {
  const env = { ...process.env, npm_lifecycle_event: 'start' };
  const shell = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(shell.stdout);
  const pid = Number(await next(lines));
  started.push(pid);
  return { shell, pid, lines };
}

async function next(lines: Interface): Promise<unknown> {
  const [line]: unknown[] = await once(lines, 'line');
  return line;
}
