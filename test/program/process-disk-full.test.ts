import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../simulator/until';
import { testUnless } from '../test-unless';
import { NO_PROXY, Stage } from './stage';

// A small file system of its own for Portward's data, filled to the last byte. Mounting one takes root.

const obstacle = mountObstacle();
let disk: string;
let stage: Stage;

/** Why nothing can be mounted here; null when it can. Tried where nobody else sees it, and gone with that. */
function mountObstacle(): string | null {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `no disk can be mounted: ${error instanceof Error ? error.message : String(error)}`;
  }
}

beforeAll(async () => {
  disk = mkdtempSync(join(tmpdir(), 'portward-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk]);
  stage = await Stage.start({ folderIn: disk, env: { ...NO_PROXY, DEBUG_MODE: 'true', DEBUG_LOG_DIR: 'debug' } });
  await stage.forwarded(65_290);
  await stage.quiet();
});
afterAll(async () => {
  await stage.clear();
  execFileSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true });
});

function fill(): void {
  try {
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(64 * 1024 * 1024));
    throw new Error('the disk did not become full');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

testUnless(obstacle)(
  'the disk gets full: it is said which one and what to do, the engine runs on, and a change is healed when there is room',
  async () => {
    const old = await stage.forwarded(65_290);
    fill();
    const line = await stage.portward.untilLog(/disk is full/);
    expect(line.text).toContain(`file system ${disk}, which holds ${stage.portward.dataDir} (PORTWARD_DATA_DIR)`);
    expect(line.text).toMatch(/Free some space/);
    await stage.vpn().changePort(40_648);
    const response = await fetch(`${stage.portward.url}/engines`);
    expect(response.status).toBe(200);
    expect((await stage.containers()).find((c) => c.id === old.container_id)?.running).toBe(true);

    rmSync(join(disk, 'ballast'));
    const fresh = await stage.forwarded(40_648, stage.vpn(), 60_000);
    await stage.quiet();
    expect((await stage.containers()).map((c) => c.id)).toEqual([fresh.container_id]);
    await stage.portward.untilLog(/There is room again/);
  },
);

testUnless(obstacle)(
  'Temporal dies while the disk is full: the list is served as stale, and all is well by itself when there is room',
  async () => {
    const engine = await stage.forwarded(40_648);
    fill();
    process.kill(stage.temporalPid(), 'SIGKILL');
    const stale = await until('a stale answer', async () => {
      const answer = await fetch(`${stage.portward.url}/engines`);
      return answer.headers.has('x-portward-stale') ? answer : null;
    });
    expect(await stale.json()).toMatchObject([{ container_id: engine.container_id, forwarded: false }]);
    await stage.portward.untilLog(/Temporal server does not start, trying on: The disk is full/);
    rmSync(join(disk, 'ballast'));
    expect((await stage.forwarded(40_648, stage.vpn(), 60_000)).container_id).toBe(engine.container_id);
  },
);

testUnless(obstacle)(
  'it is full at the start: that is what the message says, and nothing is left running',
  async () => {
    await stage.portward.stop();
    fill();
    const from = stage.portward.logLines.length;
    await expect(stage.portward.start()).rejects.toThrow(/ended with code 1/);
    await stage.portward.untilLog(/disk is full/, { from });
    expect(stage.portward.temporalPid).toBeNull();
    rmSync(join(disk, 'ballast'));
    await stage.portward.start();
    await stage.forwarded(40_648);
  },
);
