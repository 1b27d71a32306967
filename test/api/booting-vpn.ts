import type { FastifyInstance } from 'fastify';
import type { Replacement } from '../../src/domain/replacement';
import { statusView } from '../../src/workflows/vpn/views/status-view';
import type { VpnData } from '../../src/workflows/vpn/data';
import { plainEngine, replacement, target, vpnData, vpnSettings } from '../builders';
import { VpnStandIn } from './vpn-stand-in';

const STEP_MS = 50;

export const URL = '/provision/acestream';
export const MADE = { id: 'id-19001', name: 'engine-19001' };
export const ENGINE = {
  container_id: 'id-19001',
  container_name: 'engine-19001',
  host_http_port: 19_001,
  container_http_port: 19_001,
  container_https_port: 45_001,
};

/** A VPN whose workflow keeps the requested replacements, as the real one does. */
export class BootingVpn extends VpnStandIn {
  data: VpnData;

  constructor(name = 'gluetun', change: Partial<VpnData> = {}) {
    super(name);
    this.data = vpnData({ settings: vpnSettings({ vpn: name }), engines: [], ...change });
    this.answerStatus = async () => statusView(this.data);
    this.answerProvision = async ({ requestId }) => {
      const there = this.data.replacements.find((r) => r.requestId === requestId);
      if (there) return there;
      const number = this.data.nextNumber;
      const started = replacement({
        id: `replace/test/${name}/${number}-abcdef12`,
        number,
        cause: 'requested',
        requestId,
        old: [],
        startedAt: Date.now(),
        target: target({ role: 'plain', p2pPort: null }),
      });
      this.change({ nextNumber: number + 1, replacements: [...this.data.replacements, started] });
      return started;
    };
  }

  change(change: Partial<VpnData>): void {
    this.data = { ...this.data, ...change };
    this.grow();
  }

  /** Changes the last replacement. */
  advance(change: Partial<Replacement>): void {
    const { replacements } = this.data;
    this.change({
      replacements: replacements.map((r, i) => (i === replacements.length - 1 ? { ...r, ...change } : r)),
    });
  }

  made(): void {
    this.advance({ made: MADE });
  }

  ready(lastUsedAt: number | null = null): void {
    this.advance({ made: MADE, newEngine: MADE, readyAt: Date.now(), state: 'completed' });
    this.change({ engines: [plainEngine(19_001, { lastUsedAt })] });
  }

  get requestIds(): string[] {
    return [...new Set(this.provisioned.map((p) => p.request.requestId))];
  }
}

export interface Asked {
  status: number | null;
  body: unknown;
}

/** Sends a request without waiting for the answer, which appears in the returned object. */
export function ask(server: FastifyInstance, payload?: object): Asked {
  const asked: Asked = { status: null, body: null };
  void server.inject({ method: 'POST', url: URL, ...(payload ? { payload } : {}) }).then((response) => {
    asked.status = response.statusCode;
    asked.body = response.json();
  });
  return asked;
}

/** Lets pending requests and answers pass through Fastify's streams, which takes some turns of the event loop. */
async function settle(): Promise<void> {
  for (let round = 0; round < 10; round++) await new Promise(setImmediate);
}

export async function pass(ms: number): Promise<void> {
  await settle();
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    await jest.advanceTimersByTimeAsync(Math.min(STEP_MS, ms - passed));
    await settle();
  }
}

/** A request that is answered at once. */
export async function answered(server: FastifyInstance, payload?: object): Promise<Asked> {
  const asked = ask(server, payload);
  await pass(100);
  return asked;
}
