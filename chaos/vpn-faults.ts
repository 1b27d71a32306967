import { setTimeout as sleep } from 'node:timers/promises';
import { isMissing } from '../simulator/docker-errors';
import { removeContainer } from '../simulator/remove-container';
import type { Fault, StormyVpn, VpnName } from './faults';
import { PORTS } from './schedule';
import type { Scene } from './scene';

type Of<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>;

const HEALTHY_LIMIT_MS = 20_000;
/** No new try begins after this time; the last one may take longer. */
const REPAIRED_LIMIT_MS = 30_000;
/** Portward has this long to restart a VPN, or to get its port back. */
const REMEDY_LIMIT_MS = 60_000;
const HEALED_AFTER_MS = 5_000;
/** For so long a port change is tried again: Portward's remedy may have stopped the VPN just then. */
const CHANGE_LIMIT_MS = 10_000;

/** Portward has not come back, or has not restarted a VPN, in time. */
export class RemedyMissing extends Error {}

export async function changePort({ site, truth, watch }: Scene, vpn: VpnName, port: number): Promise<string> {
  const from = truth.portOf(vpn);
  const change = await site.vpn(vpn).changePort(port);
  truth.sawPort(vpn, 0, change.oldPortDroppedAt);
  truth.sawPort(vpn, port, change.newPortSetAt);
  if (vpn === 'calm' && from !== 0) watch.tell({ kind: 'calm change', at: change.newPortSetAt, from, to: port });
  return `${from} → ${port}`;
}

export async function burst(scene: Scene, { vpn, ports, pauseMs }: Of<'port-burst'>): Promise<string> {
  for (const port of ports) {
    await changePort(scene, vpn, port);
    await sleep(pauseMs);
  }
  return '';
}

export async function flip(scene: Scene, { vpn, port, pauseMs }: Of<'port-flip'>): Promise<string> {
  const before = currentPort(scene, vpn);
  await changePort(scene, vpn, port);
  await sleep(pauseMs);
  await changePort(scene, vpn, before);
  return `${before} → ${port} → ${before}`;
}

export async function samePort(scene: Scene, { vpn }: Of<'port-same'>): Promise<string> {
  return changePort(scene, vpn, currentPort(scene, vpn));
}

export async function portZero(scene: Scene, { vpn, forMs }: Of<'port-zero'>): Promise<string> {
  const before = currentPort(scene, vpn);
  return during(scene, 'control', vpn, async () => {
    await changePort(scene, vpn, 0);
    await sleep(forMs);
    const deadline = Date.now() + CHANGE_LIMIT_MS;
    for (;;) {
      try {
        return await changePort(scene, vpn, before);
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
      await sleep(100);
    }
  });
}

export async function losePort(scene: Scene, { vpn, port }: Of<'port-lost'>): Promise<string> {
  const { site, truth, heal } = scene;
  await site.vpn(vpn).setNextPort(port);
  return during(scene, 'control', vpn, async () => {
    await site.vpn(vpn).setFault({ kind: 'lost' });
    const lostAt = Date.now();
    if (heal) {
      await sleep(HEALED_AFTER_MS);
      await site.vpn(vpn).stopVpn();
      await site.vpn(vpn).runVpn();
    }
    // Not before 500 ms: the latest record may still have the port before the loss.
    while (Date.now() - lostAt < 500 || truth.portOf(vpn) === 0) {
      if (Date.now() - lostAt > REMEDY_LIMIT_MS)
        throw new RemedyMissing(
          `VPN ${vpn} has had no port for ${REMEDY_LIMIT_MS} ms, and Portward has not restarted it`,
        );
      await sleep(100);
    }
    return `back after ${Date.now() - lostAt} ms${heal ? ', by the harness' : ''}`;
  });
}

export async function controlTrouble(scene: Scene, fault: Of<'control-trouble'>): Promise<string> {
  const { vpn, trouble, forMs, port } = fault;
  return during(scene, 'control', vpn, async () => {
    await scene.site.vpn(vpn).setFault({ kind: trouble });
    let outcome = '';
    try {
      await sleep(forMs / 2);
      // If the VPN itself has a fault at the same time, the change may fail.
      if (port !== null) outcome = await changePort(scene, vpn, port).catch((error: unknown) => String(error));
      await sleep(forMs / 2);
    } finally {
      await scene.site.vpn(vpn).setFault(null);
    }
    return outcome;
  });
}

export async function restart(scene: Scene, { vpn, port }: Of<'vpn-restart'>): Promise<string> {
  if (port !== null) await scene.site.vpn(vpn).setNextPort(port);
  return down(scene, vpn, () => scene.site.vpn(vpn).restart());
}

export async function takeDown(scene: Scene, { vpn, how, forMs, port }: Of<'vpn-down'>): Promise<string> {
  if (port !== null) await scene.site.vpn(vpn).setNextPort(port);
  return down(scene, vpn, async () => {
    await scene.site.vpn(vpn)[how]();
    await sleep(forMs);
    await scene.site.vpn(vpn).start();
  });
}

export async function recreate(scene: Scene, { vpn, port }: Of<'vpn-recreate'>): Promise<string> {
  if (port !== null) await scene.site.vpn(vpn).setNextPort(port);
  return down(scene, vpn, () => makeAnew(scene, vpn));
}

export async function reconnect(scene: Scene, { vpn, forMs, port }: Of<'vpn-reconnect'>): Promise<string> {
  const container = scene.site.vpn(vpn);
  return during(scene, 'control', vpn, async () => {
    return during(scene, 'reconnect', vpn, async () => {
      await container.stopVpn();
      await sleep(forMs);
      if (port !== null) await container.setNextPort(port);
      await container.runVpn();
      return '';
    });
  });
}

export async function dipHealth(scene: Scene, { vpn, forMs }: Of<'health-dip'>): Promise<string> {
  const container = scene.site.vpn(vpn);
  return during(scene, 'health', vpn, async () => {
    await container.setHealth(false);
    await sleep(forMs);
    await container.setHealth(true);
    await container.untilHealth('healthy', HEALTHY_LIMIT_MS);
    return '';
  });
}

export async function loseHealth(scene: Scene, { vpn }: Of<'health-lost'>): Promise<string> {
  const container = scene.site.vpn(vpn);
  return during(scene, 'health', vpn, async () => {
    const lostAt = Date.now();
    await container.setHealth(false);
    await container.untilHealth('unhealthy', HEALTHY_LIMIT_MS);
    if (scene.heal) {
      await sleep(HEALED_AFTER_MS);
      await container.setHealth(true);
    }
    try {
      await container.untilHealth('healthy', REMEDY_LIMIT_MS);
    } catch (error) {
      throw new RemedyMissing(`VPN ${vpn} stays unhealthy, and Portward has not restarted it: ${String(error)}`);
    }
    return `healthy after ${Date.now() - lostAt} ms${scene.heal ? ', by the harness' : ''}`;
  });
}

/** Makes the VPN's container anew. A Docker that was killed meanwhile may have left a container with its name, so that goes first. */
async function makeAnew(scene: Scene, vpn: VpnName): Promise<string> {
  const { site } = scene;
  return during(scene, 'vpn', vpn, async () => {
    await removeContainer(site.docker, site.containerName(vpn));
    await site.vpn(vpn).recreate();
    return '';
  });
}

/** Brings a VPN back into order after all its faults, also after those that failed half-way. */
export async function repair(scene: Scene, vpn: VpnName): Promise<void> {
  const deadline = Date.now() + REPAIRED_LIMIT_MS;
  for (;;) {
    try {
      await mend(scene, vpn);
      return;
    } catch (error) {
      // Docker or Portward may start or restart the container at the same time.
      if (Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

async function mend(scene: Scene, vpn: VpnName): Promise<void> {
  const { site, truth } = scene;
  const container = site.vpn(vpn);
  try {
    const { State } = await container.relocate();
    if (!State.Running) await container.start();
  } catch (error) {
    if (!isMissing(error)) throw error;
    await makeAnew(scene, vpn);
  }
  try {
    await container.untilAnswering();
  } catch (error) {
    // A Docker that was killed may call a container running although its process is gone.
    if (!(await container.relocate()).State.Running) throw error;
    await makeAnew(scene, vpn);
  }
  await container.setFault(null);
  await container.setHealth(true);
  const { status, lost, port, nextPorts } = await container.state();
  if (status === 'stopped' || lost) {
    if (lost) await container.stopVpn();
    await container.runVpn();
  } else if (port === 0 && nextPorts.length === 0) {
    const [first = 0] = PORTS[vpn];
    await container.changePort(first);
  }
  await container.untilHealth('healthy', HEALTHY_LIMIT_MS);
  truth.sawPort(vpn, (await container.state()).port, Date.now());
}

/** The VPN's port; while it has none, the first one of its list. */
function currentPort({ truth }: Scene, vpn: StormyVpn): number {
  return truth.portOf(vpn) || PORTS[vpn][0] || 0;
}

async function down(scene: Scene, vpn: StormyVpn, doIt: () => Promise<unknown>): Promise<string> {
  return during(scene, 'health', vpn, async () => {
    await during(scene, 'vpn', vpn, async () => {
      await doIt();
      return '';
    });
    await scene.site.vpn(vpn).untilHealth('healthy', HEALTHY_LIMIT_MS);
    return '';
  });
}

async function during(
  { truth }: Scene,
  kind: 'vpn' | 'health' | 'control' | 'reconnect',
  vpn: VpnName,
  doIt: () => Promise<string>,
): Promise<string> {
  const end = truth.begin(kind, vpn);
  try {
    return await doIt();
  } finally {
    end();
  }
}
