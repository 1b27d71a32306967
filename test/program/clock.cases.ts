import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../simulator/until';
import type { Stage } from './stage';

// The clock is set while Portward runs, though only for Portward's own process. A test can't set Temporal's clock.

const HOUR_MS = 3_600_000;
const SECONDS_MS = 7_000;

const folder = mkdtempSync(join(tmpdir(), 'portward-clock-'));
const file = join(folder, 'offset');

/** The environment of a Portward whose clock can be set. */
export const SETTABLE_CLOCK = {
  NODE_OPTIONS: `--require ${join(__dirname, 'clock-hook.cjs')}`,
  CLOCK_OFFSET_FILE: file,
} as const;

/** Sets Portward's clock. @param offsetMs difference from the real time */
async function setClock(offsetMs: number): Promise<void> {
  const text = String(offsetMs);
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  await until('that clock in force', () => {
    try {
      return readFileSync(`${file}.in-force`, 'utf8') === text;
    } catch {
      return false;
    }
  });
}

export function clockCases(on: () => Stage): void {
  let stage: Stage;
  beforeAll(() => {
    stage = on();
    stage.onClear(async () => rmSync(folder, { recursive: true }));
  });

  async function portNow(): Promise<number> {
    return (await stage.vpn().state()).port;
  }

  async function portReads(): Promise<number> {
    return (await stage.vpn().requests()).filter((r) => r.path.startsWith('/v1/portforward')).length;
  }

  async function ids(): Promise<string[]> {
    return (await stage.containers()).map((c) => c.id).toSorted();
  }

  describe.each([
    ['an hour ahead', HOUR_MS],
    ['two hours back', -HOUR_MS],
    ['a few seconds ahead', -HOUR_MS + SECONDS_MS],
    ['a few seconds back', -HOUR_MS],
  ])('the clock goes %s', (_which, offsetMs) => {
    test('while nothing happens: the VPN is still checked, and the engines and the list stay as they are', async () => {
      const [before, done] = [await ids(), (await stage.replacements()).length];
      await setClock(offsetMs);
      const reads = await portReads();
      await until('further checks', async () => (await portReads()) >= reads + 3);
      await stage.forwarded(await portNow());
      expect(await ids()).toEqual(before);
      expect(await stage.replacements()).toHaveLength(done);
    });
  });

  test.each([
    ['an hour ahead', HOUR_MS],
    ['an hour back', 0],
  ])('the clock goes %s while a new engine starts: the replacement is carried out once', async (_which, offsetMs) => {
    const plain = (await stage.listed(2)).find((e) => !e.forwarded)?.container_id ?? '';
    const port = (await portNow()) + 1;
    await stage.vpn().changePort(port);
    await until('the new container', async () =>
      (await stage.containers()).some((c) => c.labels['acestream.p2p_port'] === String(port)),
    );
    await setClock(offsetMs);
    const fresh = await stage.forwarded(port);
    await stage.quiet();
    expect((await stage.replacements())[0]).toMatchObject({ cause: 'port changed', state: 'completed' });
    expect(await ids()).toEqual([plain, fresh.container_id].toSorted());
  });
}
