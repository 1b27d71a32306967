import type { EngineJson, ReplacementJson } from '../../src/api/schemas/engines';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { until } from '../simulator/until';
import { meanwhile } from './meanwhile';
import { statusChanges } from './lost-port.cases';
import type { Stage } from './stage';

// What a control server may get wrong, each on a VPN of its own and all at the same time: the last good answer counts for
// a while, `/vpn/status` says why there is no better one, and the engine stays listed all the time. Nothing is restarted for
// it.

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

/** So many VPNs are needed, the first ones of the stage. */
export const BAD_DAYS = badDays.length;

const PORT = 65_290;

export function controlServerCases(on: () => Stage): void {
  const moments: Moment[][] = badDays.map(() => []);
  let stage: Stage;
  /** One for each bad day. */
  let ill: SimulatedVpn[];
  let before: (string | undefined)[];
  let engines: string[];
  let replacements: ReplacementJson[][];
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
        forwarded: listed.find((e) => e.container_id === engines[index])?.forwarded,
      };
      const seen = moments[index] ?? [];
      if (JSON.stringify(seen.at(-1)) !== JSON.stringify(moment)) seen.push(moment);
    }
  }

  /** The forwarded one of each. */
  function engineIds(): Promise<string[]> {
    return Promise.all(ill.map(async (vpn) => (await stage.forwarded(PORT, vpn)).container_id));
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
    stage = on();
    ill = stage.vpns.slice(0, badDays.length);
    engines = await engineIds();
    replacements = await Promise.all(ill.map((vpn) => stage.replacements(vpn)));
    before = await until('every port told as read', async () => {
      const { vpns } = await stage.status();
      const read = ill.map((vpn) => vpns.find((v) => v.container_name === vpn.name)?.last_port?.read_at);
      return !read.includes(undefined) && read;
    });
    seenAll = badDaysSeen();
    // Each test waits for it.
    seenAll.catch(() => {});
  });

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
    expect(await engineIds()).toEqual(engines);
    for (const [index, vpn] of ill.entries()) {
      const status = await until('a later good answer', async () => {
        const shown = await stage.statusOf(vpn);
        return shown.port_problem === null && (shown.last_port?.read_at ?? '') > (before[index] ?? '') ? shown : null;
      });
      expect(status).toMatchObject({ forwarding: 'forwarded', forwarded_port: PORT, problem: null, remedy: null });
      expect(await statusChanges(vpn)).toEqual([]);
      expect(await stage.replacements(vpn)).toEqual(replacements[index]);
    }
  });
}
