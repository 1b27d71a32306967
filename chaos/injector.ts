import { setTimeout as sleep } from 'node:timers/promises';
import * as engine from './engine-faults';
import type { Fault } from './faults';
import { wasHindered } from './hindrance';
import { repeatedAfterDocker } from './patience';
import * as pool from './pool-faults';
import * as process from './process-faults';
import type { Injection, Scene } from './scene';
import type { Schedule } from './schedule';
import * as vpn from './vpn-faults';
import { messageOf } from '../src/lib/errors';

/** A fault that was tried. */
export interface Fired {
  readonly fault: Fault;
  readonly from: number;
  to: number;
  /** Its result, or why it did not happen. */
  outcome: string;
  done: boolean;
  /** Another fault prevented it. */
  hindered: boolean;
}

function injection(fault: Fault): Injection {
  switch (fault.kind) {
    case 'calm-change':
    case 'port-change':
      return (scene) => vpn.changePort(scene, fault.vpn, fault.port);
    case 'port-burst':
      return (scene) => vpn.burst(scene, fault);
    case 'port-flip':
      return (scene) => vpn.flip(scene, fault);
    case 'port-same':
      return (scene) => vpn.samePort(scene, fault);
    case 'port-zero':
      return (scene) => vpn.portZero(scene, fault);
    case 'port-lost':
      return (scene) => vpn.losePort(scene, fault);
    case 'control-trouble':
      return (scene) => vpn.controlTrouble(scene, fault);
    case 'vpn-restart':
      return (scene) => vpn.restart(scene, fault);
    case 'vpn-down':
      return (scene) => vpn.takeDown(scene, fault);
    case 'vpn-recreate':
      return (scene) => vpn.recreate(scene, fault);
    case 'vpn-reconnect':
      return (scene) => vpn.reconnect(scene, fault);
    case 'health-dip':
      return (scene) => vpn.dipHealth(scene, fault);
    case 'health-lost':
      return (scene) => vpn.loseHealth(scene, fault);
    case 'engine-crash':
      return (scene) => engine.crash(scene, fault);
    case 'engine-kill':
      return (scene) => engine.kill(scene, fault);
    case 'engine-remove':
      return (scene) => engine.remove(scene, fault);
    case 'engine-hang':
      return (scene) => engine.hang(scene, fault);
    case 'replacement-cut':
      return (scene) => engine.cutReplacement(scene, fault);
    case 'force-replace':
      return (scene) => engine.forceReplacement(scene, fault);
    case 'engine-delete':
      return (scene) => pool.deleteEngine(scene, fault);
    case 'gc':
      return (scene) => pool.collectGarbage(scene);
    case 'scale':
      return (scene) => pool.scale(scene, fault);
    case 'worker-kill':
      return (scene) => process.killWorker(scene, fault);
    case 'worker-restart':
      return (scene) => process.restartWorker(scene, fault);
    case 'api-kill':
      return (scene) => process.killApi(scene, fault);
    case 'temporal-kill':
      return (scene) => process.killTemporal(scene);
    case 'temporal-wedge':
      return (scene) => process.wedgeTemporalServer(scene);
    case 'docker-restart':
    case 'docker-kill':
      return (scene) => process.restartDocker(scene, fault);
  }
}

/** Faults of one lane happen one after the other. Null: no lane; the fault happens beside all others. */
function laneOf(fault: Fault): string | null {
  switch (fault.kind) {
    case 'engine-crash':
    case 'engine-kill':
    case 'engine-remove':
    case 'engine-hang':
    case 'force-replace':
    case 'engine-delete':
    case 'gc':
      return null;
    case 'control-trouble':
      return `control server of ${fault.vpn}`;
    // One lane, because a worker ends if the Temporal server is killed while the worker starts it.
    case 'temporal-kill':
    case 'temporal-wedge':
    case 'worker-kill':
    case 'worker-restart':
      return 'worker';
    case 'docker-restart':
    case 'docker-kill':
      return DOCKER;
    default:
      return 'vpn' in fault ? `VPN ${fault.vpn}` : fault.kind;
  }
}

const DOCKER = 'docker';

/** Fires a schedule's faults at their times, and resolves when the last one has ended. */
export async function fire(
  schedule: Schedule,
  scene: Scene,
  { fired, signal }: { readonly fired: Fired[]; readonly signal: AbortSignal },
): Promise<void> {
  const began = Date.now();
  const lanes = new Map<string, Promise<void>>();
  const all: Promise<void>[] = [];
  for (const fault of schedule.faults) {
    await sleep(Math.max(0, began + fault.at - Date.now()), undefined, { signal });
    const lane = laneOf(fault);
    // While Docker is away no fault of a container is possible.
    const before = Promise.all([lanes.get(lane ?? ''), lanes.get(DOCKER)]);
    const work = before.then(() => attempt(fault, scene, fired));
    if (lane !== null) lanes.set(lane, work);
    all.push(work);
  }
  await Promise.all(all);
  await sleep(Math.max(0, began + schedule.seconds * 1000 - Date.now()), undefined, { signal });
}

async function attempt(fault: Fault, scene: Scene, fired: Fired[]): Promise<void> {
  const entry: Fired = { fault, from: Date.now(), to: Infinity, outcome: '', done: false, hindered: false };
  fired.push(entry);
  try {
    const work = () => injection(fault)(scene);
    entry.outcome = await (laneOf(fault) === DOCKER ? work() : repeatedAfterDocker(scene, work));
    entry.done = true;
  } catch (error) {
    entry.outcome = messageOf(error);
    entry.hindered = wasHindered(error);
    if (error instanceof vpn.RemedyMissing) {
      scene.watch.tell({ kind: 'remedy missing', at: Date.now(), what: error.message });
    }
  }
  entry.to = Date.now();
}
