import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { app } from '../src/api/app';
import { apiServer } from '../src/api/http/server';
import type { SealingKey } from '../src/secrets/seal';
import type { VpnData } from '../src/workflows/vpn/data';
import { SampleSource } from './sample-source';

export interface SampleApi {
  readonly url: string;
  close(): Promise<void>;
}

/** The real API, with VPNs that have no workflow and can only be shown. */
export async function startSampleApi(vpns: readonly VpnData[]): Promise<SampleApi> {
  const server = apiServer();
  await server.register(app, {
    instance: 'default',
    sources: vpns.map((data) => new SampleSource(data)),
    fleet: { scale: () => Promise.reject(new Error('this is only a picture')) },
    reads: { lagMs: 600, staleLimitMs: 30_000, advertisedHost: null, containerLabel: 'ondemand.app=myservice' },
    lastLists: null,
    access: { keys: [], allowUnauthenticated: false, origins: [] },
    limits: { changesPerMinute: 120, wrongKeysPerMinute: 10 },
    pool: {
      minReplicas: 1,
      maxReplicas: 20,
      maxActiveReplicas: 20,
      idleGraceMs: 30_000,
      engineVariant: 'krinkuto11-amd64',
      healthCheckIntervalMs: 20_000,
    },
    sealingKey: async () => randomBytes(32) as SealingKey,
    statsHistoryMax: 720,
    temporalUi: { origin: 'http://127.0.0.1:1', hostAddresses: async () => [] },
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
