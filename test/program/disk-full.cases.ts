import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../simulator/until';
import { testUnless } from '../test-unless';
import type { Stage } from './stage';

// Portward's data is on a small file system of its own, which the tests fill to the last byte. Mounting it needs root.

const obstacle = mountObstacle();
let disk: string | undefined;

/** Why nothing can be mounted here; null: it can. Tries it in a mount namespace of its own, which leaves nothing behind. */
function mountObstacle(): string | null {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `no disk can be mounted: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Mounts the file system; returns its folder, or undefined if nothing can be mounted. */
export function mountSmallDisk(): string | undefined {
  if (obstacle !== null) return undefined;
  disk = mkdtempSync(join(tmpdir(), 'portward-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]);
  return disk;
}

export function unmountSmallDisk(): void {
  if (disk === undefined) return;
  execFileSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true });
}

const ballast = () => join(disk ?? '', 'ballast');

function fill(): void {
  try {
    writeFileSync(ballast(), Buffer.alloc(96 * 1024 * 1024));
    throw new Error('the disk did not become full');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

export function diskFullCases(on: () => Stage): void {
  let stage: Stage;
  beforeAll(() => {
    stage = on();
  });

  testUnless(obstacle)(
    'the disk gets full: the log says which one and what to do, the engine runs on, and a port change is handled when there is space again',
    async () => {
      const old = await stage.forwarded((await stage.vpn().state()).port);
      fill();
      const line = await stage.portward.untilLog(/disk is full/);
      expect(line.text).toContain(`file system ${disk}, which holds ${stage.portward.dataDir} (PORTWARD_DATA_DIR)`);
      expect(line.text).toMatch(/Free some space/);
      await stage.vpn().changePort(40_648);
      const response = await fetch(`${stage.portward.url}/engines`);
      expect(response.status).toBe(200);
      expect((await stage.containers()).find((c) => c.id === old.container_id)?.running).toBe(true);

      rmSync(ballast());
      const fresh = await stage.forwarded(40_648, stage.vpn(), 60_000);
      await stage.quiet();
      const listed = (await stage.listed(2)).map((e) => e.container_id).toSorted();
      expect(listed).toContain(fresh.container_id);
      expect((await stage.containers()).map((c) => c.id).toSorted()).toEqual(listed);
      await stage.portward.untilLog(/There is enough free space again/);
    },
  );

  testUnless(obstacle)(
    'Temporal dies while the disk is full: the list is served as stale, and everything recovers by itself when there is space again',
    async () => {
      const engine = await stage.forwarded(40_648);
      await stage.atRest();
      fill();
      process.kill(stage.temporalPid(), 'SIGKILL');
      const stale = await until('a stale answer', async () => {
        const answer = await fetch(`${stage.portward.url}/engines`);
        return answer.headers.has('x-portward-stale') ? answer : null;
      });
      expect(await stale.json()).toContainEqual(
        expect.objectContaining({ container_id: engine.container_id, forwarded: false }),
      );
      await stage.portward.untilLog(/Temporal server does not start, trying again: The disk is full/);
      rmSync(ballast());
      expect((await stage.forwarded(40_648, stage.vpn(), 60_000)).container_id).toBe(engine.container_id);
    },
  );

  testUnless(obstacle)('the disk is full at the start: the message says so, and nothing is left running', async () => {
    await stage.portward.stop();
    fill();
    const from = stage.portward.logLines.length;
    await expect(stage.portward.start()).rejects.toThrow(/ended with code 1/);
    await stage.portward.untilLog(/disk is full/, { from });
    expect(stage.portward.temporalPid).toBeNull();
    rmSync(ballast());
    await stage.portward.start();
    await stage.forwarded(40_648);
  });
}
