import { withoutSecrets } from '../secrets/without-secrets';
import { examine, type Check, type Result } from './check';
import { envFile } from './checks/configuration/env-file';
import { mistakes } from './checks/configuration/mistakes';
import { portRanges } from './checks/configuration/port-ranges';
import { quotes } from './checks/configuration/quotes';
import { unknownNames } from './checks/configuration/unknown-names';
import { withoutEffect } from './checks/configuration/without-effect';
import { access } from './checks/control-server/access';
import { forwardedPort } from './checks/control-server/forwarded-port';
import { routes } from './checks/control-server/routes';
import { events } from './checks/docker/events';
import { leftOverEngines } from './checks/docker/left-over-engines';
import { permittedCalls } from './checks/docker/permitted-calls';
import { reachable } from './checks/docker/reachable';
import { image } from './checks/engine/image';
import { platform } from './checks/engine/platform';
import { clock } from './checks/machine/clock';
import { dataFolder } from './checks/machine/data-folder';
import { freeSpace } from './checks/machine/free-space';
import { oneInstance } from './checks/portward/one-instance';
import { running } from './checks/portward/running';
import { cli } from './checks/temporal/cli';
import { retention } from './checks/temporal/retention';
import { searchAttributes } from './checks/temporal/search-attributes';
import { server } from './checks/temporal/server';
import { container } from './checks/vpn/container';
import { health } from './checks/vpn/health';
import { listeningPort } from './checks/vpn/listening-port';
import { outgoingPorts } from './checks/vpn/outgoing-ports';
import { portForwarding } from './checks/vpn/port-forwarding';
import { publishedPorts } from './checks/vpn/published-ports';
import { takenPorts } from './checks/vpn/taken-ports';
import { upCommand } from './checks/vpn/up-command';
import { unknown } from './finding';
import { Site, type SiteOptions } from './site';
import { TemporalSite } from './temporal-site';
import { VpnSite } from './vpn-site';

/** Checks that need no valid configuration. They come first, since mistakes there may cause others. */
const OF_CONFIGURATION = [envFile, mistakes, unknownNames, quotes, withoutEffect];
const OF_MACHINE = [reachable, dataFolder, freeSpace, clock];
/** Checks from here on need a valid configuration. */
const OF_SITE = [portRanges];
const OF_DOCKER = [permittedCalls, events, image, platform];
const OF_VPN = [
  container,
  health,
  portForwarding,
  listeningPort,
  access,
  forwardedPort,
  routes,
  publishedPorts,
  takenPorts,
  outgoingPorts,
  upCommand,
];
const OF_TEMPORAL = [server, retention, searchAttributes];
const OF_CONTAINERS = [leftOverEngines, oneInstance];

const REST: Check = {
  id: 'configuration.rest',
  title: 'the rest',
  vpn: null,
  look: async () => unknown('VPNs, control servers, image and Temporal are checked once the variables are right'),
};

/**
 * Checks a set-up, before or while Portward runs, and changes nothing. The findings hold no secret of the
 * environment.
 */
export async function diagnose(options: SiteOptions): Promise<Result[]> {
  const site = new Site(options);
  const results = await examine(checksOf(site));
  const secrets = secretsIn(options.env);
  const clean = <T extends string | null>(text: T) => (text === null ? text : withoutSecrets(text, secrets)) as T;
  return results.map((r) => ({ ...r, found: clean(r.found), means: clean(r.means), todo: clean(r.todo) }));
}

function checksOf(site: Site): Check[] {
  const first = [...OF_CONFIGURATION, ...OF_MACHINE].map((check) => check(site));
  if (site.config === null) return [...first, REST];
  const temporal = new TemporalSite(site);
  const vpns = site.config.vpns.map((vpn) => new VpnSite(site, vpn));
  const onDocker = (check: Check) => onceDockerAnswers(site, check);
  return [
    ...first,
    ...OF_SITE.map((check) => check(site)),
    ...OF_DOCKER.map((check) => onDocker(check(site))),
    ...vpns.flatMap((vpn) => OF_VPN.map((check) => onDocker(check(vpn)))),
    ...OF_TEMPORAL.map((check) => check(temporal)),
    cli(site),
    ...OF_CONTAINERS.map((check) => onDocker(check(site))),
    running(site),
  ];
}

/**
 * Runs the check only if Docker answers. Otherwise a Docker that hangs, or another program in its place, would be
 * reported by each check in other words.
 */
function onceDockerAnswers(site: Site, check: Check): Check {
  return {
    ...check,
    look: async (signal) => {
      await site.version();
      return check.look(signal);
    },
  };
}

const SECRET_NAME = /KEY(_\d+|_DATA)?$|PASSWORD(_\d+)?$|SECRET|TOKEN|^NOTIFY_URL$|^TEMPORAL_GRPC_META_/;
/** Shorter values are not hidden: they are found in any text by chance, and are hardly secret. */
const SHORT = 4;

function secretsIn(env: SiteOptions['env']): string[] {
  return Object.entries(env).flatMap(([name, value = '']) =>
    SECRET_NAME.test(name) && value.trim().length >= SHORT ? [value, value.trim()] : [],
  );
}
