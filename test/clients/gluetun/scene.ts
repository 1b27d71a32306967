import { GluetunClient, type GluetunAuth } from '../../../src/clients/gluetun/client';
import { ControlServer, STATUS } from './control-server';
import { VpnLoop } from './vpn-loop';

const KEY: GluetunAuth = { kind: 'api-key', key: 'TOP-SECRET' };
export const client = (reconnectTimeoutMs = 20_000, auth: GluetunAuth = KEY) =>
  new GluetunClient({ auth, timeoutMs: 5_000, reconnectTimeoutMs });

class Scene {
  readonly vpn = new VpnLoop();
  readonly server = new ControlServer();
  readonly never = new AbortController().signal;

  constructor() {
    this.server.routes = { [STATUS]: this.vpn.answer };
  }

  /** Continues an earlier reconnection that may have left the VPN stopped. */
  readonly reconnect = (asker = client(), signal = this.never) =>
    asker.reconnect(this.server.base, signal, { mayBeStopped: true });
  readonly first = (asker = client()) => asker.reconnect(this.server.base, this.never, { mayBeStopped: false });
}

/** Gives a test a VPN and a control server of its own, so that such tests run at the same time. */
export async function scene(body: (scene: Scene) => Promise<void>): Promise<void> {
  const made = new Scene();
  await made.server.start();
  try {
    await body(made);
  } finally {
    await made.server.stop();
  }
}
