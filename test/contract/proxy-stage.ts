import { freePortRange } from '../../simulator/free-ports';
import { StrictProxyClient, type StrictProxyOptions } from '../../simulator/proxy-client-strict';
import { Stage } from '../program/stage';

export const API_KEY = 'a-key-of-more-than-sixteen-characters';
export const authorization = `Bearer ${API_KEY}`;

/** Enough for a VPN's engines and their replacements at the same time. */
const PORTS_OF_A_VPN = 10;

/**
 * Starts a VPN in a real Docker that publishes the ports of its engines, as users have it. So an engine's HTTP port has the same number on
 * the host, where the proxy calls an engine that it has requested.
 */
export async function startPublishedStage(
  port: number,
  env: Readonly<Record<string, string>>,
  engineEnv: Readonly<Record<string, string>>,
): Promise<Stage> {
  const enginePorts = await freePortRange(PORTS_OF_A_VPN);
  return Stage.start({
    vpns: [{ port, enginePorts, publish: true, healthIntervalMs: 500 }],
    env: { API_KEY, GLUETUN_PORT_RANGE_1: `${enginePorts.from}-${enginePorts.to}`, ...env },
    engineEnv,
  });
}

/** Makes a proxy, which polls only after `start`. It is closed with the stage. */
export function strictProxy(stage: Stage, options: Partial<StrictProxyOptions> = {}): StrictProxyClient {
  const client = new StrictProxyClient({
    url: stage.portward.url,
    apiKey: API_KEY,
    addressOf: (host) => stage.vpns.find(({ name }) => name === host)?.address ?? '127.0.0.1',
    ...options,
  });
  stage.onClear(() => client.close());
  return client;
}
