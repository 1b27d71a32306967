import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../simulator/free-ports';
import { testUnless } from '../test-unless';
import { NO_SIMULATED_DOCKER, SimulatedSite } from './simulated-site';

// The command as a user runs it, in a folder with an `.env`, before Portward was ever started.

const testInMemory = testUnless(NO_SIMULATED_DOCKER);
const folder = mkdtempSync(join(tmpdir(), 'portward-doctor-'));
let site: SimulatedSite;
beforeAll(async () => {
  if (NO_SIMULATED_DOCKER === null)
    site = await SimulatedSite.start({ auth: { mode: 'apikey', key: 'the-right-key' } });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await site?.close();
});

interface Run {
  readonly code: number | null;
  readonly printed: string;
}

function doctor(env: string, options: readonly string[] = [], more: Record<string, string> = {}): Promise<Run> {
  writeFileSync(join(folder, '.env'), env, { mode: 0o600 });
  const main = join(__dirname, '..', '..', 'dist', 'src', 'main.js');
  const child = spawn(process.execPath, [main, 'doctor', '--url', 'http://127.0.0.1:9', ...options], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, DOCKER_HOST: site.simulated.dockerHost, ...more },
  });
  let printed = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (text: Buffer) => (printed += text.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, printed })));
}

testInMemory('ends with 1 and says what to do when something is wrong, and with 0 when nothing is', async () => {
  const [temporal, ui] = await freePorts(2);
  const right = [
    'GLUETUN_CONTAINER_NAME=gluetun',
    'CONTAINER_REACH=network',
    `ENGINE_IMAGE=${site.image}`,
    // Free on this machine, although other tests run at the same time.
    'APP_HOST=127.0.0.98',
    `PORTWARD_TEMPORAL_PORT=${temporal}`,
    `PORTWARD_TEMPORAL_UI_PORT=${ui}`,
    'GLUETUN_API_KEY=the-right-key',
  ].join('\n');

  const misspelt = await doctor(right.replace('GLUETUN_CONTAINER_NAME', 'GLUETUN_CONTAINER_NAMEE'));
  expect(misspelt.code).toBe(1);
  expect(misspelt.printed).toMatch(/^wrong +variables +GLUETUN_CONTAINER_NAME: expected the name/m);
  expect(misspelt.printed).toMatch(/^warning +names +Portward does not know GLUETUN_CONTAINER_NAMEE$/m);
  expect(misspelt.printed).toMatch(/^ +→ did you mean GLUETUN_CONTAINER_NAME\?/m);

  const wrongKey = await doctor(right.replace('the-right-key', 'the-wrong-key'), ['--quiet']);
  expect(wrongKey.code).toBe(1);
  expect(wrongKey.printed).toMatch(/^wrong +gluetun: control server +the control server refuses access \(401\)/m);
  expect(wrongKey.printed).not.toMatch(/^ok/m);
  expect(wrongKey.printed).not.toContain('the-wrong-key');

  const fine = await doctor(`\uFEFF${right}`, ['--json']);
  expect(JSON.parse(fine.printed)).toMatchObject({
    wrong: 0,
    checks: expect.arrayContaining([
      expect.objectContaining({
        id: 'configuration.env-file',
        verdict: 'warning',
        todo: expect.stringMatching(/UTF-8/),
      }),
    ]),
  });
  expect(fine.code).toBe(0);
});

testInMemory(
  'a taken port and a data folder that is a file are wrong, and the program that has the port is described',
  async () => {
    const other = createServer((_request, response) => response.end('<h1>another program</h1>'));
    await new Promise<void>((up) => other.listen(0, '127.0.0.98', up));
    const { port } = other.address() as AddressInfo;
    const env = ['GLUETUN_CONTAINER_NAME=gluetun', 'APP_HOST=127.0.0.98', `APP_PORT=${port}`];
    const run = await doctor(env.join('\n'), ['--url', `http://127.0.0.98:${port}`], {
      PORTWARD_DATA_DIR: join(folder, '.env'),
      TEMPORAL_CLI_PATH: process.execPath,
    });
    other.close();
    expect(run.code).toBe(1);
    expect(run.printed).toMatch(
      /^wrong +Portward +Port \d+ for the API is taken by another program: .* is not Portward/m,
    );
    expect(run.printed).toMatch(/^wrong +data folder +.*\.env is not a folder$/m);
    expect(run.printed).toMatch(/^wrong +Temporal's CLI +TEMPORAL_CLI_PATH is .*, which can not be used: /m);
  },
);

testInMemory('without Docker, all checks that need it share one line', async () => {
  const run = await doctor('GLUETUN_CONTAINER_NAME=gluetun\n', [], { DOCKER_HOST: 'tcp://127.0.0.1:9' });
  expect(run.code).toBe(1);
  expect(run.printed).toMatch(/^wrong +Docker +Docker is not reachable: connect ECONNREFUSED/m);
  expect(run.printed).toMatch(/^\? +\d+ others +Docker can't be asked$/m);
  expect(run.printed.match(/^\?/gm)).toHaveLength(1);
});

testInMemory('an .env that can not be read at all is reported together with the other findings', async () => {
  const run = await doctor('GLUETUN_CONTAINER_NAME=gluetun\0');
  expect(run.code).toBe(1);
  expect(run.printed).toMatch(/^wrong +\.env +.*\.env is UTF-16$/m);
  expect(run.printed).toMatch(/^ok +Docker /m);
});
