// The download of Temporal's CLI: for this machine by Portward, for the image by its build. Both use one file of
// checksums.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { downloadTemporalCli } from '../../src/embedded-temporal/cli/download';
import { CLI_VERSION, cliArchive } from '../../src/embedded-temporal/cli/release';

const ROOT = join(__dirname, '../..');
const log = { info: () => {}, warn: () => {} };

let folder: string;
let server: Server;
let origin: string;
/** The content of each path; any other path is a 404. */
const served = new Map<string, Buffer>();
let asked: string[];
let good: Buffer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portward-cli-archive-'));
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const body = served.get(request.url ?? '');
    response.writeHead(body ? 200 : 404).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  good = archiveOf('echo good');
});
beforeEach(() => {
  asked = [];
  served.clear();
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** An archive of a `temporal` with that script. */
function archiveOf(script: string): Buffer {
  const content = mkdtempSync(join(folder, 'content-'));
  writeFileSync(join(content, 'temporal'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return execFileSync('tar', ['-C', content, '-cz', 'temporal']);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A `temporal` that leaves a mark when it is run. */
function forged(): { archive: Buffer; mark: string } {
  const mark = join(folder, `run-${Math.random()}`);
  return { archive: archiveOf(`touch ${mark}`), mark };
}

function download(...paths: string[]): Promise<string> {
  const target = join(mkdtempSync(join(folder, 'cache-')), 'temporal');
  const archive = { name: 'a.tar.gz', addresses: paths.map((path) => origin + path), sha256: sha256(good) };
  return downloadTemporalCli({ archive, target, log }).then(() => execFileSync(target, { encoding: 'utf8' }));
}

describe('for this machine', () => {
  test('the archive with the right checksum is unpacked', async () => {
    served.set('/one', good);
    expect(await download('/one', '/two')).toBe('good\n');
    expect(asked).toEqual(['/one']);
  });

  test('an archive with another checksum is neither unpacked nor run: the next address is tried', async () => {
    const { archive, mark } = forged();
    served.set('/one', archive).set('/two', good);
    expect(await download('/one', '/two')).toBe('good\n');
    expect(existsSync(mark)).toBe(false);
  });

  test('if no address has it, each is reported with its reason', async () => {
    const { archive, mark } = forged();
    served.set('/two', archive);
    await expect(download('/one', '/two')).rejects.toThrow(
      new RegExp(`/one answered 404; .*/two: expected the checksum ${sha256(good)}, found ${sha256(archive)}`),
    );
    expect(existsSync(mark)).toBe(false);
  });

  test.each([
    ['linux', 'x64'],
    ['linux', 'arm64'],
    ['darwin', 'x64'],
    ['darwin', 'arm64'],
  ] as const)('%s on %s has a checksum and two addresses', (platform, cpu) => {
    const { name, addresses, sha256: sum } = cliArchive(platform, cpu);
    expect(sum).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(addresses.map((address) => new URL(address).host)).size).toBe(2);
    expect(addresses[0]).toBe(`https://github.com/temporalio/cli/releases/download/v${CLI_VERSION}/${name}`);
    expect(addresses.join()).not.toContain('{');
  });

  test('an archive without a checksum is not downloaded', () => {
    expect(() => cliArchive('win32', 'x64')).toThrow('no checksum is known of an archive for win32 on x64');
  });
});

describe("for the image's build", () => {
  const archive = `temporal_cli_${CLI_VERSION}_linux_amd64.tar.gz`;

  /** Runs the script as the Dockerfile does. @param beside an archive in the checkout */
  async function fetched(env: Record<string, string>, beside?: Buffer): Promise<string> {
    const stage = mkdtempSync(join(folder, 'stage-'));
    mkdirSync(stage, { recursive: true });
    copyFileSync(join(ROOT, 'scripts/fetch-temporal-cli.mjs'), join(stage, 'fetch-temporal-cli.mjs'));
    copyFileSync(join(ROOT, 'src/embedded-temporal/cli/release.json'), join(stage, 'release.json'));
    if (beside) writeFileSync(join(stage, archive), beside);
    await promisify(execFile)(process.execPath, ['fetch-temporal-cli.mjs'], {
      cwd: stage,
      env: { PATH: process.env['PATH'], TARGETARCH: 'amd64', ...env },
    });
    return readFileSync(join(stage, 'temporal'), 'utf8');
  }

  test("the release's archive beside the Dockerfile is used without a download; another one needs its checksum", async () => {
    expect(await fetched({ TEMPORAL_CLI_SHA256: sha256(good) }, good)).toContain('echo good');
    await expect(fetched({}, good)).rejects.toThrow(
      `${archive}: expected the checksum ${cliArchive('linux', 'x64').sha256}, found ${sha256(good)}`,
    );
    expect(asked).toEqual([]);
  });

  test('TEMPORAL_CLI_URL is another address of the archive', async () => {
    served.set('/mirror', good);
    const env = { TEMPORAL_CLI_URL: `${origin}/mirror`, TEMPORAL_CLI_SHA256: sha256(good) };
    expect(await fetched(env)).toContain('echo good');
    expect(asked).toEqual(['/mirror']);
  });

  test('an archive with another checksum from there is not run', async () => {
    const { archive: bad, mark } = forged();
    served.set('/mirror', bad);
    await expect(fetched({ TEMPORAL_CLI_URL: `${origin}/mirror` })).rejects.toThrow('expected the checksum');
    expect(existsSync(mark)).toBe(false);
  });

  test('if the archive is not found, the build says what to do', async () => {
    await expect(fetched({ TEMPORAL_CLI_URL: `${origin}/none` })).rejects.toThrow(
      /could not be downloaded:\n.*answered 404\nPut that file beside the Dockerfile, or give its address: --build-arg TEMPORAL_CLI_URL/,
    );
  });

  test('the build fetches nothing else but the base image and packages from the npm registry', () => {
    const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
    expect(dockerfile).not.toMatch(/^# *syntax/m);
    expect(dockerfile).not.toMatch(/apt-get|curl|wget|^ADD/m);
    expect([...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, from]) => from)).toEqual([
      '${NODE_IMAGE}',
      'base',
      'base',
      'base',
    ]);
  });
});
