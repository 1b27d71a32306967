import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import { engineImage } from '../simulator/engine-image';
import { preparePortward, type LogLine, type PortwardProcess } from '../simulator/portward-process';
import { removeSimulation, startSimulatedVpn, type SimulatedVpn } from '../simulator/vpn-container';
import { allEnded } from './all-ended';
import type { RunNames } from './names';
import type { Screen } from './screen';
import type { Teardown } from '../simulator/teardown';

export interface Stage {
  readonly docker: Docker;
  readonly names: RunNames;
  readonly gluetun: SimulatedVpn;
  readonly gluetun2: SimulatedVpn;
  readonly portward: PortwardProcess;
  /** Needed for requests that change something. */
  readonly apiKey: string;
}

export const PORTS = { gluetun: 65_290, gluetunLater: 40_648, gluetun2: 51_234 };

/** How long a simulated engine takes to start; a real one takes some seconds. */
export const ENGINE_STARTUP_MS = 1_500;

/** HTTP ports of the engines. They are published if the host can't reach Docker's networks (macOS, Windows). */
const ENGINE_PORTS = {
  gluetun: { from: 19_000, to: 19_009 },
  gluetun2: { from: 19_500, to: 19_509 },
};

/** Starts the VPN containers and Portward, as a user would. `teardown` gets each step before the step is taken. */
export async function setStage(
  docker: Docker,
  parts: {
    readonly names: RunNames;
    readonly screen: Screen;
    readonly teardown: Teardown;
    readonly signal: AbortSignal;
    readonly onPortwardLine: (line: LogLine) => void;
  },
): Promise<Stage> {
  const { names, screen, teardown, signal } = parts;
  const image = await engineImage(docker, { STARTUP_MS: String(ENGINE_STARTUP_MS) }, names.runId);
  const apiKey = randomBytes(16).toString('hex');
  const portward = await preparePortward({ env: settings(names, image, apiKey), onLine: parts.onPortwardLine, signal });
  teardown.add("remove Portward's folder", () => portward.dispose());
  teardown.add('remove the containers', async () => {
    screen.say('demo', 'Removing the containers');
    await removeSimulation(docker, names.runId);
  });
  signal.throwIfAborted();

  const { port: apiPort } = new URL(portward.url);
  const startVpn = async (name: 'gluetun' | 'gluetun2'): Promise<SimulatedVpn> => {
    const vpn = await startSimulatedVpn(docker, {
      runId: names.runId,
      name: names.inDocker(name),
      port: PORTS[name],
      enginePorts: ENGINE_PORTS[name],
      upHookUrl: `http://host.docker.internal:${apiPort}/vpns/${names.inDocker(name)}/recheck`,
    });
    await vpn.untilHealth('healthy');
    screen.say(name, `VPN container is up; its provider forwards port ${PORTS[name]}`);
    return vpn;
  };
  const [gluetun, gluetun2] = await allEnded([startVpn('gluetun'), startVpn('gluetun2')]);
  signal.throwIfAborted();

  screen.say('you', '$ portward start');
  let started = false;
  teardown.add('stop Portward', async () => {
    if (!portward.isRunning) return;
    screen.say('demo', 'SIGTERM to Portward');
    const { code, signal: by } = await portward.stop();
    // While Portward is still loading, the signal ends it with another code.
    if (started && code !== 0) throw new Error(`it ended with ${by ?? `code ${code}`}`);
  });
  await portward.start();
  started = true;
  return { docker, names, gluetun, gluetun2, portward, apiKey };
}

/** The settings that a user would have in `.env`. */
function settings(names: RunNames, image: string, apiKey: string): Record<string, string> {
  return {
    VPN_MODE: 'redundant',
    GLUETUN_CONTAINER_NAME: names.inDocker('gluetun'),
    GLUETUN_CONTAINER_NAME_2: names.inDocker('gluetun2'),
    GLUETUN_PORT_RANGE_1: range(ENGINE_PORTS.gluetun),
    GLUETUN_PORT_RANGE_2: range(ENGINE_PORTS.gluetun2),
    ENGINE_IMAGE: image,
    PULL_POLICY: 'never',
    PORTWARD_INSTANCE: names.runId,
    CONTAINER_LABEL: names.containerLabel,
    // Gluetun's up-command calls the API from a container. Other requests that change something need the key.
    APP_HOST: '0.0.0.0',
    API_KEY: apiKey,
  };
}

function range({ from, to }: { readonly from: number; readonly to: number }): string {
  return `${from}-${to}`;
}
