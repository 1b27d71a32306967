// Docker's answers about a container: all fields that Portward and the simulator read, and a few more that clients expect.
import type { Container } from './container';
import { durationInWords, upInWords } from './in-words';

/** The time with which Docker means 'never'. */
const NEVER = '0001-01-01T00:00:00Z';

export function inspected(container: Container): object {
  const { config, name, id, createdAt, revival, madeOf } = container;
  const [path = '', ...args] = [...config.entrypoint, ...(config.cmd ?? [])];
  const settings = networkSettings(container);
  return {
    Id: id,
    Created: createdAt.toISOString(),
    Path: path,
    Args: args,
    State: state(container),
    Image: madeOf.id,
    Name: `/${name}`,
    RestartCount: revival.count,
    Platform: 'linux',
    Mounts: [],
    HostConfig: {
      NetworkMode: config.networkMode,
      RestartPolicy: container.restartPolicy,
      Binds: config.binds,
      PortBindings: null,
      AutoRemove: false,
    },
    Config: {
      Hostname: id.slice(0, 12),
      Tty: false,
      Env: config.env,
      Cmd: config.cmd,
      Entrypoint: config.entrypoint,
      Image: config.image,
      Labels: config.labels,
      ...(config.healthcheck === null ? {} : { Healthcheck: config.healthcheck }),
    },
    NetworkSettings: settings,
  };
}

export function listed(container: Container): object {
  const { config, name, id, createdAt, madeOf, labels } = container;
  return {
    Id: id,
    Names: [`/${name}`],
    Image: config.image,
    ImageID: madeOf.id,
    Command: [...config.entrypoint, ...(config.cmd ?? [])].join(' '),
    Created: Math.floor(createdAt.getTime() / 1000),
    Ports: [],
    Labels: labels,
    State: status(container),
    Status: statusInWords(container),
    HostConfig: { NetworkMode: config.networkMode },
    NetworkSettings: { Networks: networkSettings(container).Networks },
    Mounts: [],
  };
}

function state(container: Container): object {
  const { isRunning, revival, exitCode, error, startedAt, finishedAt, health } = container;
  return {
    Status: status(container),
    Running: isRunning,
    Paused: false,
    Restarting: revival.isDue,
    OOMKilled: false,
    Dead: false,
    Pid: isRunning && !revival.isDue ? process.pid : 0,
    ExitCode: exitCode,
    Error: error,
    StartedAt: startedAt?.toISOString() ?? NEVER,
    FinishedAt: finishedAt?.toISOString() ?? NEVER,
    ...(health === null ? {} : { Health: { Status: health.status, FailingStreak: health.failingStreak, Log: [] } }),
  };
}

function status({ isRunning, revival, isRemoving, startedAt }: Container): string {
  if (isRunning) return revival.isDue ? 'restarting' : 'running';
  if (isRemoving) return 'removing';
  return startedAt === null ? 'created' : 'exited';
}

function statusInWords(container: Container): string {
  const { startedAt, finishedAt, exitCode, health } = container;
  const is = status(container);
  const since = (at: Date | null): number => (Date.now() - (at ?? container.createdAt).getTime()) / 1000;
  if (is === 'running') return upInWords(since(startedAt), health?.status ?? null);
  if (is === 'created') return 'Created';
  if (is === 'removing') return 'Removal In Progress';
  return `${is === 'restarting' ? 'Restarting' : 'Exited'} (${exitCode}) ${durationInWords(since(finishedAt))} ago`;
}

function networkSettings(container: Container): { readonly Networks: object; readonly [name: string]: unknown } {
  const { networkMode } = container.config;
  const address = container.networkOf === null ? (container.namespace?.address ?? '') : '';
  const endpoint = {
    NetworkID: '',
    Gateway: address === '' ? '' : gatewayOf(address),
    IPAddress: address,
    IPPrefixLen: address === '' ? 0 : 16,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    Aliases: null,
  };
  const network = networkMode === 'default' ? 'bridge' : networkMode;
  return {
    Ports: {},
    Gateway: network === 'bridge' ? endpoint.Gateway : '',
    IPAddress: network === 'bridge' ? address : '',
    Networks: container.networkOf === null ? { [network]: endpoint } : {},
  };
}

/** The first address of the network. */
function gatewayOf(address: string): string {
  return address.replace(/\d+\.\d+$/, '0.1');
}
