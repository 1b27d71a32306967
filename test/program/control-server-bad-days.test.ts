import type { EngineJson } from '../../src/api/schemas';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { until } from '../simulator/until';
import { lane } from './lane';
import { meanwhile } from './meanwhile';
import { NO_PROXY, Stage } from './stage';

// What a control server may get wrong, each on a VPN of its own and all at the same time: the last good answer counts for
// a while, `/vpn/status` says why there is no better one, and the engine stays listed all the time. Nothing is restarted for
// it, but on a further VPN, which has lost its port for good.

type BadDay = readonly [
  what: string,
  begin: (vpn: SimulatedVpn) => Promise<void>,
  end: (vpn: SimulatedVpn) => Promise<void>,
  problem: RegExp,
  /** `forwarding` while the last port counts, and after that. */
  forwarding: readonly [during: string, after: string],
];

const CAN_T_BE_READ = ['forwarded', 'unknown'] as const;

const noFault = (vpn: SimulatedVpn) => vpn.setFault(null);

const badDays: readonly BadDay[] = [
  ['a hang', (vpn) => vpn.setFault({ kind: 'hang' }), noFault, /gave no answer within/, CAN_T_BE_READ],
  ['a 500', (vpn) => vpn.setFault({ kind: '500' }), noFault, /answers 500/, CAN_T_BE_READ],
  ['garbage', (vpn) => vpn.setFault({ kind: 'garbage' }), noFault, /not JSON/, CAN_T_BE_READ],
  [
    'a redirect to elsewhere',
    (vpn) => vpn.setFault({ kind: '301', location: 'http://192.0.2.1/v1/portforward' }),
    noFault,
    /redirects to another host, 192\.0\.2\.1/,
    CAN_T_BE_READ,
  ],
  [
    'a key that is asked for all at once',
    (vpn) => vpn.setAuth({ mode: 'apikey', key: 'another' }),
    (vpn) => vpn.setAuth({ mode: 'none' }),
    /refuses access \(401\)/,
    CAN_T_BE_READ,
  ],
  ['port 0', (vpn) => vpn.stopVpn(), (vpn) => vpn.runVpn(), /no port|is stopped/, ['lost', 'lost']],
];

/** What was shown of one VPN at one time. */
interface Moment {
  readonly forwarding: string;
  readonly problem: string | null;
  readonly lastPort: number | undefined;
  /** As listed; undefined when it was not. */
  readonly forwarded: boolean | undefined;
}

const PORT = 65_290;
const moments: Moment[][] = badDays.map(() => []);
let stage: Stage;
/** One for each bad day. */
let ill: SimulatedVpn[];
/** With a plain engine beside its forwarded one. */
let lost: SimulatedVpn;
let before: (string | undefined)[];
let engines: Map<string | null, string>;
/** Resolves when every one of the bad days has been seen. */
let seenAll: Promise<unknown>;

/** Writes down what is shown of every VPN, where it differs from what was shown before. */
async function look(): Promise<void> {
  const [status, answer] = await Promise.all([stage.status(), fetch(`${stage.portward.url}/engines`)]);
  const listed = (await answer.json()) as EngineJson[];
  // On a busy machine the workflows may not answer in time, and of a stale list nothing is claimed.
  if (answer.headers.has('x-portward-stale') || status.vpns.some((vpn) => vpn.stale_seconds !== null)) return;
  for (const [index, vpn] of ill.entries()) {
    const shown = status.vpns.find((v) => v.container_name === vpn.name);
    const moment: Moment = {
      forwarding: shown?.forwarding ?? 'nothing',
      problem: shown?.port_problem ?? null,
      lastPort: shown?.last_port?.port,
      forwarded: listed.find((e) => e.vpn_container === vpn.name)?.forwarded,
    };
    const seen = moments[index] ?? [];
    if (JSON.stringify(seen.at(-1)) !== JSON.stringify(moment)) seen.push(moment);
  }
}

async function listedOf(vpn: SimulatedVpn): Promise<EngineJson[]> {
  return (await stage.engines()).filter((e) => e.vpn_container === vpn.name);
}

async function engineIds(): Promise<Map<string | null, string>> {
  const listed = await stage.engines();
  return new Map(listed.flatMap((e) => (e.vpn_container === lost.name ? [] : [[e.vpn_container, e.container_id]])));
}

async function statusChanges(vpn: SimulatedVpn): Promise<unknown[]> {
  return (await vpn.requests()).filter((r) => r.method === 'PUT').map((r) => [r.path, r.status]);
}

async function badDaysSeen(): Promise<void> {
  const looking = meanwhile(look);
  await Promise.all(badDays.map(([, begin], index) => begin(illVpn(index))));
  await until(
    'every port unknown, and no engine forwarded',
    () =>
      moments.every((seen, index) => {
        const last = seen.at(-1);
        return last?.forwarded === false && last.forwarding === badDays[index]?.[4][1];
      }),
    60_000,
  );
  await looking.stop();
}

function illVpn(index: number): SimulatedVpn {
  const vpn = ill[index];
  if (!vpn) throw new Error(`no VPN for the bad day ${index}`);
  return vpn;
}

beforeAll(async () => {
  const count = badDays.length + 1;
  stage = await Stage.start({
    docker: 'simulated',
    vpns: Array.from({ length: count }, () => ({ port: PORT })),
    env: {
      ...NO_PROXY,
      MIN_REPLICAS: String(count + 1),
      // The last port counts for longer than a lost one is waited for, and long enough to be seen after a hang.
      PORT_LOST_TIMEOUT_S: '2',
      GLUETUN_PORT_CACHE_TTL_S: '6',
      GLUETUN_TIMEOUT_S: '1',
    },
  });
  const listed = await stage.listed(count + 1);
  await Promise.all(stage.vpns.map((vpn) => stage.forwarded(PORT, vpn)));
  for (const vpn of stage.vpns) await stage.quiet(vpn);
  await until('every port told as read', async () =>
    (await stage.status()).vpns.every((vpn) => vpn.last_port !== null),
  );
  const isLost = (vpn: SimulatedVpn) => listed.some((e) => !e.forwarded && e.vpn_container === vpn.name);
  ill = stage.vpns.filter((vpn) => !isLost(vpn));
  [lost] = stage.vpns.filter(isLost) as [SimulatedVpn];
  engines = await engineIds();
  const { vpns } = await stage.status();
  before = ill.map((vpn) => vpns.find((v) => v.container_name === vpn.name)?.last_port?.read_at);
  seenAll = badDaysSeen();
  // Each test waits for it.
  seenAll.catch(() => {});
}, 180_000);

afterAll(() => stage.clear());

describe.each(badDays.map((day, index) => [day[0], index, day[3], day[4]] as const))(
  '%s',
  (_what, index, problem, [first, last]) => {
    test('is told as the reason, while the engine is listed as forwarded for as long as the last port counts', async () => {
      await seenAll;
      const during = moments[index]?.filter((m) => m.problem !== null) ?? [];
      expect(during.filter((m) => !problem.test(m.problem ?? ''))).toEqual([]);
      expect(during[0]).toMatchObject({ forwarding: first, forwarded: true });
      expect(during.at(-1)).toMatchObject({ forwarding: last, forwarded: false });
    });

    test('takes away neither the engine from the list nor the last good answer from the status', async () => {
      await seenAll;
      const seen = moments[index] ?? [];
      expect(seen.filter((m) => m.forwarded === undefined)).toEqual([]);
      expect([...new Set(seen.map((m) => m.lastPort))]).toEqual([PORT]);
    });
  },
);

const onLost = lane();

test.concurrent(
  'a port that is lost for good: the VPN is restarted inside its container, and only the forwarded engine follows',
  onLost(async () => {
    const vpn = lost;
    const startedAt = async () =>
      (await stage.simulation.docker.getContainer(vpn.containerId).inspect()).State.StartedAt;
    const startedAtFirst = await startedAt();
    const plain = (await listedOf(vpn)).filter((e) => !e.forwarded).map((e) => e.container_id);
    expect(plain).toHaveLength(1);
    await vpn.setNextPort(40_648);
    await vpn.losePort();
    await stage.portward.untilLog(
      /has had no forwarded port for \d+ s - restarting the VPN inside its container \(1 of 3\)/,
    );
    const fresh = await stage.forwarded(40_648, vpn);
    await stage.portward.untilLog(/has a forwarded port again after \d+ s: 40648, before it was 65290/);
    await stage.quiet(vpn);

    expect(await startedAt()).toBe(startedAtFirst);
    expect(await statusChanges(vpn)).toEqual([
      ['/v1/vpn/status', 200],
      ['/v1/vpn/status', 200],
    ]);
    const ids = (await stage.containers(vpn)).map((c) => c.id);
    expect(ids.toSorted()).toEqual([fresh.container_id, ...plain].toSorted());
    const [replacement] = await stage.replacements(vpn);
    expect(replacement).toMatchObject({ cause: 'port changed', old_port: PORT, new_port: 40_648 });
    expect(await stage.statusOf(vpn)).toMatchObject({
      forwarding: 'forwarded',
      forwarded_port: 40_648,
      port_problem: null,
      remedy: { kind: 'restart VPN', ended_at: expect.any(String), error: null },
    });
  }),
);

test.concurrent(
  'lost once more soon afterwards: the next restart has its pause, and the engine stays listed, not as forwarded',
  onLost(async () => {
    const vpn = lost;
    const { container_id: id } = await stage.forwarded(40_648, vpn);
    await vpn.losePort();
    await until('the port lost', async () => (await stage.statusOf(vpn)).forwarding === 'lost');
    const listed = await until('no engine forwarded', async () => {
      const all = await listedOf(vpn);
      return all.length === 2 && all.every((e) => !e.forwarded) ? all : null;
    });
    expect(listed.map((e) => e.container_id)).toContain(id);
    expect(await statusChanges(vpn)).toHaveLength(2);
  }),
);

test('nothing was restarted for any of them, and of a VPN that its owner has stopped it is said to be so', async () => {
  await seenAll;
  for (const vpn of ill) {
    expect(await statusChanges(vpn)).toEqual([]);
    expect(await stage.statusOf(vpn)).toMatchObject({ remedy: null });
  }
  const { problem } = await stage.statusOf(illVpn(badDays.length - 1));
  expect(problem).toMatch(/the VPN in container '\S+' is stopped: start it/);
});

test('when it is over the same engines are forwarded again, and nothing was replaced', async () => {
  await Promise.all(badDays.map(([, , end], index) => end(illVpn(index))));
  await Promise.all(ill.map((vpn) => stage.forwarded(PORT, vpn)));
  expect(await engineIds()).toEqual(engines);
  for (const [index, vpn] of ill.entries()) {
    const status = await until('a later good answer', async () => {
      const shown = await stage.statusOf(vpn);
      return shown.port_problem === null && (shown.last_port?.read_at ?? '') > (before[index] ?? '') ? shown : null;
    });
    expect(status).toMatchObject({ forwarding: 'forwarded', forwarded_port: PORT, problem: null, remedy: null });
    expect(await statusChanges(vpn)).toEqual([]);
    expect(await stage.replacements(vpn)).toHaveLength(1);
  }
});
