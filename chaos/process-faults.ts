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

/** Processes take seconds to start, and Temporal gives up a workflow task of a dead worker after 20 s. Longer means stuck. */
const BACK_LIMIT_MS = 45_000;
const TEMPORAL_LIMIT_MS = 10_000;
/** On a busy machine it takes long until a read with a short deadline wedges the server. */
const WEDGED_LIMIT_MS = 60_000;
/** Portward restarts the server after 10 s of errors or 30 s of silence; the server's start comes on top. */
const WEDGE_BACK_LIMIT_MS = 60_000;
/**
 * For so long after a fault a list without a stale mark may be from before it: the API asks the worker every 2 s, and marks its list
 * only after 5 s without an answer.
 */
const FROM_BEFORE_MS = 8_000;
/** Docker starts containers by their restart policy just after it has begun to answer. */
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
    // Without Temporal or a worker the first list takes long.
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
    // A worker that is just being restarted has stopped the server.
    const killed = await awaited(() => (scene.processes.killTemporal() ? true : null), TEMPORAL_LIMIT_MS);
    if (killed === null) throw new NotPossible(`no Temporal server runs in ${TEMPORAL_LIMIT_MS} ms`);
  });
}

export async function wedgeTemporalServer(scene: Scene): Promise<string> {
  const { worker } = scene.processes;
  const wedge = async () => {
    // Read the server's address at each try: after a kill there is a new server.
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
    // After a kill Docker leaves VPNs down; the harness starts them, as their owner would.
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

/** Records the trouble from before `doIt` until the first list that is certainly fresh again. */
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
    const fresh = await watch.untilFresh(began + FROM_BEFORE_MS, limitMs + FROM_BEFORE_MS);
    if (fresh === null) throw new RemedyMissing(`no fresh list ${limitMs} ms after a fault of the ${kind}`);
    return `fresh answers ${fresh.at - began} ms later`;
  } finally {
    end();
  }
}
