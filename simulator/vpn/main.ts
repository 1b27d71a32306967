// The program of a simulated Gluetun container. It runs as PID 1, where a signal without a handler does nothing.
import { logLine } from '../inside/log-line';
import { createAdminServer } from './admin-server';
import { createControlServer } from './control-server';
import { Faults } from './faults';
import { ForwardedPort } from './forwarded-port';
import { ADMIN_PORT } from './messages';
import { PortCommands } from './port-commands';
import { Provider } from './provider';
import { RequestLog } from './request-log';
import { readSettings } from './settings';
import { UpHook } from './up-hook';
import { Vpn } from './vpn';

const settings = readSettings(process.env);
if (settings.crashesWith !== null) {
  logLine('ERROR VPN settings: Wireguard settings: private key is not set');
  process.exit(settings.crashesWith);
}
const startedAt = Date.now();
const commands = new PortCommands({ up: settings.upCommand, down: settings.downCommand });
const hook = new UpHook(settings.upHookUrl, settings.upHookAuthorization);
const vpn = new Vpn(new ForwardedPort(commands, hook), new Provider(settings.ports, [settings.publicIp]), {
  ...settings,
});
const faults = new Faults();
const log = new RequestLog();
const { release } = settings;
let { auth } = settings;
let healthy = true;

const control = createControlServer({ vpn, faults, log, release, auth: () => auth });
const admin = createAdminServer({
  vpn,
  faults,
  log,
  commands,
  state: () => ({
    release,
    status: vpn.status,
    port: vpn.forwarded.now[0] ?? 0,
    ports: vpn.forwarded.now,
    nextPorts: vpn.provider.ports,
    lost: vpn.lost,
    alive: vpn.alive,
    healthy,
    fault: faults.current,
    times: {
      portGapMs: vpn.times.portGapMs,
      upCommandMs: commands.lastingMs.up,
      downCommandMs: commands.lastingMs.down,
    },
    auth,
    startedAt,
    commands: commands.runs,
    hooks: hook.calls,
    orders: log.orders,
  }),
  setHealthy: (value) => (healthy = value),
  setAuth: (value) => (auth = value),
});

// Before the tunnel, as Gluetun does: a reader finds port 0 until the tunnel is up.
control.listen(settings.controlPort, () => logLine(`[http server] listening on ${settings.controlPort}`));
admin.listen(ADMIN_PORT);
vpn.begin();

async function stop(signal: NodeJS.Signals): Promise<void> {
  logLine(`caught ${signal}, shutting down`);
  await vpn.shutDown();
  process.exit(0);
}
process.once('SIGTERM', (signal) => void stop(signal));
process.once('SIGINT', (signal) => void stop(signal));
