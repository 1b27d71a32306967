import type Dockerode from 'dockerode';
import { CrashLoop } from '../../src/activities/observe/crash-loop';
import { observeDocker } from '../../src/activities/docker/snapshot';
import type { VpnObservation } from '../../src/domain/vpn/observation';
import { hasChanged } from '../../src/domain/vpn/reported';
import { DAY, snapshot } from '../builders';

const NEVER = '0001-01-01T00:00:00Z';
const at = (ms: number) => new Date(DAY + ms).toISOString();

/** A container as Docker shows it; it runs unless the test says otherwise. */
function shown(State: Partial<Dockerode.ContainerInspectInfo['State']>, RestartCount = 0, Env: string[] = []) {
  const runs = { Status: 'running', Running: true, Paused: false, Restarting: false, OOMKilled: false, Dead: false };
  const details = {
    ...{ Id: 'a'.repeat(64), Name: '/gluetun', RestartCount, Config: { Env } },
    State: { ...runs, Pid: 1, ExitCode: 0, Error: '', StartedAt: at(0), FinishedAt: NEVER, ...State },
  };
  return details as unknown as Dockerode.ContainerInspectInfo;
}

const stopped = { Status: 'exited', Running: false } as const;

/** A container between two runs, of which the last lasted `ranForMs`. */
const between = (restarts: number, ExitCode: number, startedAt: number, ranForMs = 400) =>
  shown(
    {
      Status: 'restarting',
      Restarting: true,
      ExitCode,
      StartedAt: at(startedAt),
      FinishedAt: at(startedAt + ranForMs),
    },
    restarts,
  );
const run = (restarts: number, startedAt: number, health?: string) =>
  shown(
    {
      ...{ StartedAt: at(startedAt), FinishedAt: at(startedAt - 500) },
      ...(health === undefined ? {} : { Health: { Status: health, FailingStreak: 0, Log: [] } }),
    },
    restarts,
  );

/** One loop, and the observations of it as time passes. */
class Watched {
  readonly loop = new CrashLoop();
  readonly told: VpnObservation[] = [];

  see(details: Dockerode.ContainerInspectInfo, now: number): VpnObservation {
    const vpn = this.loop.steady(observeDocker(details), details.RestartCount, now);
    const [last] = this.told.slice(-1);
    const busy = { evicted: [], replacements: [] };
    if (!last || hasChanged(snapshot(1, { vpn: last }), snapshot(1, { vpn }), busy)) this.told.push(vpn);
    return vpn;
  }
}

describe('a container that ends right after each start, as without a WireGuard key', () => {
  test('counts as restarting from its second end on, with its exit code, and its runs are not reported', () => {
    const watched = new Watched();
    let now = 0;
    // Docker's pauses double up to a minute.
    for (let restarts = 0; restarts < 500; restarts++) {
      watched.see(run(restarts, now, 'starting'), now);
      watched.see(between(restarts + 1, restarts % 2 === 0 ? 1 : 137, now), now + 400);
      now += Math.min(60_000, 100 * 2 ** restarts) + 400;
    }
    expect(watched.told.map((vpn) => vpn.kind === 'present' && [vpn.running, vpn.down?.state])).toEqual([
      [true, undefined],
      [false, 'exited'],
      [true, undefined],
      [false, 'restarting'],
    ]);
    expect(watched.told.at(-1)).toMatchObject({ health: 'none', down: { state: 'restarting', exitCode: 137 } });
  });

  test('counts as restarting even with exit code 0', () => {
    const watched = new Watched();
    watched.see(between(2, 0, 0), 0);
    expect(watched.see(run(2, 900), 900)).toMatchObject({ running: false, down: { state: 'restarting', exitCode: 0 } });
  });

  test('runs again once it is healthy, or has run for a minute', () => {
    for (const ending of [
      (w: Watched) => w.see(run(3, 900, 'healthy'), 5_000),
      (w: Watched) => w.see(run(3, 900), 61_000),
    ]) {
      const watched = new Watched();
      watched.see(between(3, 1, 0), 0);
      expect(watched.see(run(3, 900), 900)).toMatchObject({ running: false, startedAt: DAY });
      const up = ending(watched);
      expect(up).toMatchObject({ running: true, startedAt: DAY + 900 });
      expect(up).not.toHaveProperty('down');
    }
  });

  test('begins anew when somebody starts it, and is stopped when somebody stops it', () => {
    const watched = new Watched();
    watched.see(between(3, 1, 0), 0);
    expect(watched.see(run(0, 2_000), 2_000)).toMatchObject({ running: true });
    watched.see(between(3, 1, 3_000), 3_000);
    expect(watched.see(shown({ ...stopped, ExitCode: 1 }, 3), 4_000)).toMatchObject({ down: { state: 'exited' } });
  });

  test('stays restarting for a worker that begins during the loop', () => {
    const watched = new Watched();
    const told = watched.see(between(3, 1, 0), 0);
    const next = new Watched();
    next.loop.resume(told);
    expect(next.see(run(4, 9_000), 0)).toEqual(told);
  });
});

test('a container that is restarted after a long run is not in a loop', () => {
  const watched = new Watched();
  expect(watched.see(between(9, 1, 0, 3_600_000), 0)).toMatchObject({ down: { state: 'exited', exitCode: 1 } });
  expect(watched.see(run(9, 3_700_000), 1_000)).toMatchObject({ running: true, startedAt: DAY + 3_700_000 });
});

test('a container that is paused does not run, though Docker calls it running', () => {
  expect(observeDocker(shown({ Status: 'paused', Paused: true }))).toMatchObject({
    running: false,
    down: { state: 'paused' },
  });
});

test("Docker's reason for a failed start is reported without secrets of the environment", () => {
  const Error = 'driver failed: Bind for 0.0.0.0:8000 failed:\n port is already allocated; --key=geheim';
  const details = shown({ ...stopped, Status: 'created', ExitCode: 128, Error, StartedAt: NEVER }, 0, [
    'WIREGUARD_PRIVATE_KEY=geheim',
  ]);
  expect(observeDocker(details)).toMatchObject({
    ...{ running: false, startedAt: 0 },
    down: {
      ...{ state: 'created', exitCode: null },
      error: 'driver failed: Bind for 0.0.0.0:8000 failed: port is already allocated; --key=***',
    },
  });
});
