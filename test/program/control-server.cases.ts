import type { EngineJson, ReplacementJson } from '../../src/api/schemas/engines';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { until } from '../simulator/until';
import { meanwhile } from './meanwhile';
import { statusChanges } from './lost-port.cases';
import type { Stage } from './stage';

// The faults of a control server, each on a VPN of its own and all at the same time: the last port stays valid for a while, `/vpn/status`
// says what is wrong, the engine stays listed all the time, and nothing is restarted.

type ControlServerFault = readonly [
  what: string,
  begin: (vpn: SimulatedVpn) => Promise<void>,
  end: (vpn: SimulatedVpn) => Promise<void>,
  problem: RegExp,
  /** `forwarding` while the last port is valid, and after that. */
  forwarding: readonly [during: string, after: string],
];

const CAN_T_BE_READ = ['forwarded', 'unknown'] as const;

const noFault = (vpn: SimulatedVpn) => vpn.setFault(null);

const faults: readonly ControlServerFault[] = [
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

/** What `/vpn/status` and `/engines` showed of one VPN at one time. */
interface Moment {
  readonly forwarding: string;
  readonly problem: string | null;
  readonly lastPort: number | undefined;
  /** `forwarded` of the engine in the list; undefined: the engine was not listed. */
  readonly forwarded: boolean | undefined;
}

/** The number of VPNs that these cases need: the first ones of the stage. */
export const FAULTY_VPNS = faults.length;

const PORT = 65_290;

export function controlServerCases(on: () => Stage): void {
  const moments: Moment[][] = faults.map(() => []);
  let stage: Stage;
  /** One VPN for each fault. */
  let faulty: SimulatedVpn[];
  let before: (string | undefined)[];
  let engines: string[];
  let replacements: ReplacementJson[][];
  /** Resolves when every fault has had its full effect. */
  let seenAll: Promise<unknown>;

  /** Records what is shown of every VPN, if it differs from before. */
  async function look(): Promise<void> {
    const [status, answer] = await Promise.all([stage.status(), fetch(`${stage.portward.url}/engines`)]);
    const listed = (await answer.json()) as EngineJson[];
    // On a busy machine the workflows may not answer in time; stale answers are not checked.
    if (answer.headers.has('x-portward-stale') || status.vpns.some((vpn) => vpn.stale_seconds !== null)) return;
    for (const [index, vpn] of faulty.entries()) {
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

  /** The ids of the forwarded engines, in the order of the VPNs. */
  function engineIds(): Promise<string[]> {
    return Promise.all(faulty.map(async (vpn) => (await stage.forwarded(PORT, vpn)).container_id));
  }

  async function causeFaults(): Promise<void> {
    const looking = meanwhile(look);
    await Promise.all(faults.map(([, begin], index) => begin(faultyVpn(index))));
    await until(
      'every port unknown, and no engine forwarded',
      () =>
        moments.every((seen, index) => {
          const last = seen.at(-1);
          return last?.forwarded === false && last.forwarding === faults[index]?.[4][1];
        }),
      60_000,
    );
    await looking.stop();
  }

  function faultyVpn(index: number): SimulatedVpn {
    const vpn = faulty[index];
    if (!vpn) throw new Error(`no VPN for fault ${index}`);
    return vpn;
  }

  beforeAll(async () => {
    stage = on();
    faulty = stage.vpns.slice(0, faults.length);
    engines = await engineIds();
    replacements = await Promise.all(faulty.map((vpn) => stage.replacements(vpn)));
    before = await until('a time of the last read for every port', async () => {
      const { vpns } = await stage.status();
      const read = faulty.map((vpn) => vpns.find((v) => v.container_name === vpn.name)?.last_port?.read_at);
      return !read.includes(undefined) && read;
    });
    seenAll = causeFaults();
    // Each test awaits it and so gets the error.
    seenAll.catch(() => {});
  });

  describe.each(faults.map((fault, index) => [fault[0], index, fault[3], fault[4]] as const))(
    '%s',
    (_what, index, problem, [first, last]) => {
      test('is shown as the port problem, and the engine stays listed as forwarded while the last port is valid', async () => {
        await seenAll;
        const during = moments[index]?.filter((m) => m.problem !== null) ?? [];
        expect(during.filter((m) => !problem.test(m.problem ?? ''))).toEqual([]);
        expect(during[0]).toMatchObject({ forwarding: first, forwarded: true });
        expect(during.at(-1)).toMatchObject({ forwarding: last, forwarded: false });
      });

      test('removes neither the engine from the list nor the last good answer from the status', async () => {
        await seenAll;
        const seen = moments[index] ?? [];
        expect(seen.filter((m) => m.forwarded === undefined)).toEqual([]);
        expect([...new Set(seen.map((m) => m.lastPort))]).toEqual([PORT]);
      });
    },
  );

  test('no VPN is restarted because of these faults, and the problem of a VPN that its owner has stopped says so', async () => {
    await seenAll;
    for (const vpn of faulty) {
      expect(await statusChanges(vpn)).toEqual([]);
      expect(await stage.statusOf(vpn)).toMatchObject({ remedy: null });
    }
    const { problem } = await stage.statusOf(faultyVpn(faults.length - 1));
    expect(problem).toMatch(/the VPN in container '\S+' is stopped: start it/);
  });

  test('after these faults the same engines are forwarded again, and nothing was replaced', async () => {
    await Promise.all(faults.map(([, , end], index) => end(faultyVpn(index))));
    expect(await engineIds()).toEqual(engines);
    for (const [index, vpn] of faulty.entries()) {
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
