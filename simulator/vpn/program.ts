import { logOf, type Surroundings } from '../inside/surroundings';
import { createAdminServer } from './admin-server';
import { createControlServer } from './control-server';
import { Faults } from './faults';
import { ForwardedPort } from './forwarded-port';
import { ADMIN_PORT } from './messages';
import { PortCommands } from './port-commands';
import { PortLog } from './port-log';
import { Provider } from './provider';
import { RequestLog } from './request-log';
import { readSettings } from './settings';
import { UpHook } from './up-hook';
import { Vpn } from './vpn';

/** Runs a simulated Gluetun. @returns the result of its health check */
export function runVpn(around: Surroundings): { isHealthy: () => boolean } {
  const settings = readSettings(around.env);
  const logLine = logOf(around);
  if (settings.crashesWith !== null) {
    logLine('ERROR VPN settings: Wireguard settings: private key is not set');
    around.exit(settings.crashesWith);
    return { isHealthy: () => false };
  }
  const startedAt = Date.now();
  const commands = new PortCommands({ up: settings.upCommand, down: settings.downCommand }, logLine);
  const hook = new UpHook(settings.upHookUrl, settings.upHookAuthorization, around);
  const provider = new Provider(settings.ports, [settings.publicIp], around);
  const portLog = new PortLog(settings.release, logLine);
  const vpn = new Vpn(new ForwardedPort(commands, hook, portLog), provider, { ...settings }, logLine, portLog);
  const faults = new Faults();
  const log = new RequestLog();
  const { release } = settings;
  let { auth } = settings;
  let healthy = true;
  const isHealthy = (): boolean => vpn.seemsHealthy && healthy;

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
    isHealthy,
    setHealthy: (value) => (healthy = value),
    setAuth: (value) => (auth = value),
  });

  // The servers start before the tunnel, as in Gluetun: a reader finds port 0 until the tunnel is up.
  around.listen(control, settings.controlPort).then(
    () => logLine(`[http server] listening on ${settings.controlPort}`),
    (error: unknown) => fail(around, error),
  );
  around.listen(admin, ADMIN_PORT).catch((error: unknown) => fail(around, error));
  vpn.begin();

  around.onStopSignal((signal) => {
    logLine(`caught ${signal}, shutting down`);
    void vpn.shutDown().then(() => around.exit(0));
  });
  return { isHealthy };
}

/** Ends the program, because it can't listen on its port. */
function fail({ print, exit }: Surroundings, error: unknown): void {
  print(error instanceof Error ? error.message : String(error), 'stderr');
  exit(1);
}
