import type { EngineJson } from '../../src/api/schemas';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { until } from '../simulator/until';
import { meanwhile } from './meanwhile';
import { Stage } from './stage';

// What a control server may get wrong, each on a VPN of its own and all at the same time: the last good answer counts for
// a while, `/vpn/status` says why there is no better one, and the engine stays listed all the time.

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

const port = (index: number) => 40_000 + index;
const moments: Moment[][] = badDays.map(() => []);
let stage: Stage;
let before: (string | undefined)[];
let engines: Map<string | null, string>;

/** Writes down what is shown of every VPN, where it differs from what was shown before. */
async function look(): Promise<void> {
  const [status, answer] = await Promise.all([stage.status(), fetch(`${stage.portward.url}/engines`)]);
  const listed = (await answer.json()) as EngineJson[];
  // On a busy machine the workflows may not answer in time, and of a stale list nothing is claimed.
  if (answer.headers.has('x-portward-stale') || status.vpns.some((vpn) => vpn.stale_seconds !== null)) return;
  for (const [index, vpn] of stage.vpns.entries()) {
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

async function engineIds(): Promise<Map<string | null, string>> {
  return new Map((await stage.engines()).map((e) => [e.vpn_container, e.container_id]));
}

beforeAll(async () => {
  stage = await Stage.start({
    vpns: badDays.map((_day, index) => ({ port: port(index) })),
    env: { GLUETUN_PORT_CACHE_TTL_S: '5', PORT_LOST_TIMEOUT_S: '0' },
  });
  await Promise.all(stage.vpns.map((vpn, index) => stage.forwarded(port(index), vpn)));
  await until('every port told as read', async () =>
    (await stage.status()).vpns.every((vpn) => vpn.last_port !== null),
  );
  engines = await engineIds();
  before = (await stage.status()).vpns.map((vpn) => vpn.last_port?.read_at);

  const looking = meanwhile(look);
  await Promise.all(badDays.map(([, begin], index) => begin(stage.vpn(index))));
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
}, 180_000);

afterAll(() => stage.clear());

describe.each(badDays.map((day, index) => [day[0], index, day[3], day[4]] as const))(
  '%s',
  (_what, index, problem, [first, last]) => {
    test('is told as the reason, while the engine is listed as forwarded for as long as the last port counts', () => {
      const during = moments[index]?.filter((m) => m.problem !== null) ?? [];
      expect(during.filter((m) => !problem.test(m.problem ?? ''))).toEqual([]);
      expect(during[0]).toMatchObject({ forwarding: first, forwarded: true });
      expect(during.at(-1)).toMatchObject({ forwarding: last, forwarded: false });
    });

    test('takes away neither the engine from the list nor the last good answer from the status', () => {
      const seen = moments[index] ?? [];
      expect(seen.filter((m) => m.forwarded === undefined)).toEqual([]);
      expect([...new Set(seen.map((m) => m.lastPort))]).toEqual([port(index)]);
    });
  },
);

test('when it is over the same engines are forwarded again, and nothing was replaced', async () => {
  await Promise.all(badDays.map(([, , end], index) => end(stage.vpn(index))));
  await Promise.all(stage.vpns.map((vpn, index) => stage.forwarded(port(index), vpn)));
  expect(await engineIds()).toEqual(engines);
  for (const [index, vpn] of stage.vpns.entries()) {
    const status = await until('a later good answer', async () => {
      const shown = await stage.statusOf(vpn);
      return (shown.last_port?.read_at ?? '') > (before[index] ?? '') ? shown : null;
    });
    expect(status).toMatchObject({ forwarding: 'forwarded', port_problem: null, forwarded_port: port(index) });
    expect(await stage.replacements(vpn)).toHaveLength(1);
  }
});
