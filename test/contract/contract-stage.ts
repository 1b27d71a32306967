import { NO_PROXY, Stage } from '../program/stage';
import type { EngineJson } from '../../src/api/schemas/engines';
import { ContractClient } from './client';
import { API_KEY } from './proxy-stage';
import * as shape from './shapes';
import { playOn, type Reported } from './stream-reports';

export const MAX_REPLICAS = 4;
export const FORWARDED_PORT = 65_290;

/** One VPN with two engines, a real stream on the forwarded one, and a client. */
export interface ContractStage {
  readonly stage: Stage;
  readonly api: ContractClient;
  readonly engine: EngineJson;
  /** The reported stream on the forwarded engine. */
  readonly first: Reported;
}

export async function startContractStage(): Promise<ContractStage> {
  const stage = await Stage.start({
    docker: 'simulated',
    vpns: [{ port: FORWARDED_PORT }],
    env: {
      ...NO_PROXY,
      API_KEY,
      API_WRONG_KEYS_PER_MINUTE: '0',
      API_CHANGES_PER_MINUTE: '0',
      MIN_REPLICAS: '2',
      MIN_FREE_REPLICAS: '0',
      MAX_REPLICAS: String(MAX_REPLICAS),
      ENGINE_GRACE_PERIOD_S: '600',
      COLLECT_INTERVAL_S: '5',
      // A variable of the old system, as in the `.env` of somebody who has moved over.
      IDLE_TTL_S: '600',
    },
  });
  try {
    const api = new ContractClient(stage.portward.url);
    const engine = await stage.forwarded(FORWARDED_PORT);
    await stage.listed(2);
    await stage.quiet();
    const first = await playOn(stage.vpn().address, engine, 'first');
    stage.onClear(() => first.playback.stop());
    await api.expect('POST /events/stream_started', 200, shape.StreamState, { body: first.report });
    return { stage, api, engine, first };
  } catch (error) {
    await stage.clear();
    throw error;
  }
}
