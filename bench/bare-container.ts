import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { engineImage } from '../simulator/engine-image';
import { httpGet } from '../simulator/http-get';
import { removeSimulation, startSimulatedVpn } from '../simulator/vpn-container';

export interface BareContainers {
  /** From the beginning of `create` until `start` has returned; ms. */
  readonly created: readonly number[];
  /** From the same beginning until the engine's API answers; ms. */
  readonly answering: readonly number[];
  /** From the container's start until the engine's API answers: the engine's own start-up; ms. */
  readonly booted: readonly number[];
}

const HTTP_PORT = 19_000;

/** Measures the start of a simulated engine (STARTUP_MS 0) by Docker alone, without Portward. */
export async function bareContainers(docker: Docker, count: number): Promise<BareContainers> {
  const runId = `bench-${randomBytes(3).toString('hex')}`;
  const created: number[] = [];
  const answering: number[] = [];
  const booted: number[] = [];
  try {
    const image = await engineImage(docker, { STARTUP_MS: '0' }, runId);
    const vpn = await startSimulatedVpn(docker, {
      runId,
      name: `${runId}-vpn`,
      enginePorts: { from: HTTP_PORT, to: HTTP_PORT },
    });
    const url = `http://${vpn.address}:${HTTP_PORT}/server/api?method=get_version`;
    for (let round = 0; round < count; round++) {
      const began = Date.now();
      const engine = await docker.createContainer({
        Image: image,
        name: `${runId}-engine${round}`,
        Env: [`HTTP_PORT=${HTTP_PORT}`],
        HostConfig: { NetworkMode: `container:${vpn.containerId}` },
      });
      await engine.start();
      created.push(Date.now() - began);
      const started = Date.now();
      while ((await httpGet(url, { limitMs: 1_000 }).catch(() => null))?.status !== 200) await sleep(10);
      answering.push(Date.now() - began);
      booted.push(Date.now() - started);
      await engine.remove({ force: true });
    }
  } finally {
    await removeSimulation(docker, runId);
  }
  return { created, answering, booted };
}
