import { setTimeout as sleep } from 'node:timers/promises';
import { wedgeTemporal } from '../simulator/wedge-temporal';
import { vpnWorkflowId } from '../src/domain/names';
import { VPN_NAMES, type Fault, type VpnName } from './faults';
import type { TroubleKind } from './ground-truth';
import { NotPossible } from './hindrance';
import { awaited } from './patience';
import type { Scene } from './scene';
import { RemedyMissing, repair } from './vpn-faults';

type Of<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>;

/** Processes take seconds to start, and a workflow task that a worker died of is given up after 20 s; what is longer is stuck. */
const BACK_LIMIT_MS = 45_000;
const TEMPORAL_LIMIT_MS = 10_000;
/** On a busy machine the server answers in time for long. */
const WEDGED_LIMIT_MS = 60_000;
/** Portward restarts it after 10 s of errors, or 30 s of silence, and then it starts. */
const WEDGE_BACK_LIMIT_MS = 60_000;
/**
 * A list counts as fresh until the API has had no answer for 5 s, of a worker that it asks every 2 s: so long after a fault it may be one of
 * before.
 */
const OF_BEFORE_MS = 8_000;
/** Docker starts containers by their restart policy right after it has begun to answer. */
const REVIVED_AFTER_MS = 1_000;

export async function killWorker(scene: Scene, { forMs }: Of<'worker-kill'>): Promise<string> {
  return endWorker(scene, 'SIGKILL', forMs);
}

export async function restartWorker(scene: Scene, { forMs }: Of<'worker-restart'>): Promise<string> {
  return endWorker(scene, 'SIGTERM', forMs);
}

export async function killApi(scene: Scene, { forMs }: Of<'api-kill'>): Promise<string> {
  const { truth, processes, watch } = scene;
  const end = truth.begin('api');
  try {
    await processes.end('api', 'SIGKILL');
    await sleep(forMs);
    await processes.start('api');
    const began = Date.now();
    // Without Temporal or a worker its first list is long in coming.
    const first = await watch.until(
      (fact): fact is Extract<typeof fact, { kind: 'answer' }> => fact.kind === 'answer' && fact.outcome === 'list',
      BACK_LIMIT_MS,
    );
    if (first === null) throw new RemedyMissing(`no list ${BACK_LIMIT_MS} ms after the API's start`);
    return `a list ${first.at - began} ms after its start`;
  } finally {
    end();
  }
}

export async function killTemporal(scene: Scene): Promise<string> {
  return untilFresh(scene, 'temporal', async () => {
    // A worker that is being restarted has stopped it.
    const killed = await awaited(() => (scene.processes.killTemporal() ? true : null), TEMPORAL_LIMIT_MS);
    if (killed === null) throw new NotPossible(`no Temporal server runs in ${TEMPORAL_LIMIT_MS} ms`);
  });
}

export async function wedgeTemporalServer(scene: Scene): Promise<string> {
  const { worker } = scene.processes;
  const wedge = async () => {
    // Between two tries: a server that was killed meanwhile is a new one.
    const workflow = vpnWorkflowId(scene.site.runId, scene.site.containerName('a'));
    const isWedged = await wedgeTemporal(worker.temporalAddress, workflow, WEDGED_LIMIT_MS).catch(() => false);
    if (!isWedged)
      throw new NotPossible(`the Temporal server reads its database after ${WEDGED_LIMIT_MS} ms of short reads`);
  };
  return untilFresh(scene, 'temporal', wedge, WEDGE_BACK_LIMIT_MS);
}

export async function restartDocker(
  scene: Scene,
  { kind, forMs }: Of<'docker-restart' | 'docker-kill'>,
): Promise<string> {
  const { privateDocker } = scene.site;
  if (privateDocker === null) throw new NotPossible('Docker is not ours to stop');
  const end = scene.truth.begin('docker');
  try {
    await (kind === 'docker-kill' ? privateDocker.kill() : privateDocker.stop());
    await sleep(forMs);
    await privateDocker.start();
    await sleep(REVIVED_AFTER_MS);
    // A VPN that Docker leaves down, as it does after it was killed, is started by whoever owns it.
    const down = await Promise.all(VPN_NAMES.map((vpn) => isDown(scene, vpn)));
    await Promise.all(VPN_NAMES.map((vpn) => repair(scene, vpn)));
    const names = VPN_NAMES.filter((_, index) => down[index]);
    return names.length === 0 ? '' : `VPNs that Docker left down, started by the harness: ${names.join(', ')}`;
  } finally {
    end();
  }
}

async function isDown({ site }: Scene, vpn: VpnName): Promise<boolean> {
  const { State } = await site.docker.getContainer(site.containerName(vpn)).inspect();
  return !State.Running;
}

async function endWorker(scene: Scene, signal: 'SIGKILL' | 'SIGTERM', forMs: number): Promise<string> {
  const { processes } = scene;
  return untilFresh(scene, 'worker', async () => {
    await processes.end('worker', signal);
    await sleep(forMs);
    await processes.start('worker');
  });
}

/** The trouble lasts until somebody answers queries again. */
async function untilFresh(
  { truth, watch }: Scene,
  kind: TroubleKind,
  doIt: () => Promise<void>,
  limitMs = BACK_LIMIT_MS,
): Promise<string> {
  const end = truth.begin(kind);
  try {
    await doIt();
    const began = Date.now();
    const fresh = await watch.untilFresh(began + OF_BEFORE_MS, limitMs + OF_BEFORE_MS);
    if (fresh === null) throw new RemedyMissing(`no fresh list ${limitMs} ms after a fault of the ${kind}`);
    return `fresh answers ${fresh.at - began} ms later`;
  } finally {
    end();
  }
}
