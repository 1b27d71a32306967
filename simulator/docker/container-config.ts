import { isRecord } from '../inside/json-exchange';
import type { HealthCheckConfig } from './health-check';
import { DockerRefusal } from './refusal';
import type { Image } from './images';

export interface RestartPolicy {
  readonly Name: string;
  readonly MaximumRetryCount: number;
}

/** The part of a container's configuration that the simulation uses. */
export interface ContainerConfig {
  readonly image: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[] | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly healthcheck: HealthCheckConfig | null;
  /** `default`, the name of a network, or `container:<id>`. */
  readonly networkMode: string;
  readonly restartPolicy: RestartPolicy;
  readonly binds: readonly string[] | null;
}

/** Reads the body of `POST /containers/create`. @throws DockerRefusal for what is not simulated */
export function containerConfig(body: unknown, image: Image): ContainerConfig {
  const given = isRecord(body) ? body : {};
  const host = isRecord(given.HostConfig) ? given.HostConfig : {};
  const networkMode = typeof host.NetworkMode === 'string' && host.NetworkMode !== '' ? host.NetworkMode : 'default';
  if (networkMode === 'host' || networkMode === 'none') throw new DockerRefusal(501, `not simulated: ${networkMode}`);
  if (isRecord(host.PortBindings) && Object.keys(host.PortBindings).length > 0)
    throw new DockerRefusal(501, 'not simulated: published ports');
  const policy = isRecord(host.RestartPolicy) ? host.RestartPolicy : {};
  const env = texts(given.Env) ?? [];
  const names = new Set(env.map(nameOf));
  return {
    image: typeof given.Image === 'string' ? given.Image : '',
    env: [...env, ...image.env.filter((line) => !names.has(nameOf(line)))],
    entrypoint: texts(given.Entrypoint) ?? image.entrypoint,
    cmd: texts(given.Cmd),
    labels: textMap(given.Labels),
    healthcheck: isRecord(given.Healthcheck) ? given.Healthcheck : null,
    networkMode,
    restartPolicy: {
      Name: typeof policy.Name === 'string' ? policy.Name : '',
      MaximumRetryCount: Number(policy.MaximumRetryCount ?? 0),
    },
    binds: texts(host.Binds),
  };
}

/** `NAME=value` lines as an object. */
export function environment(env: readonly string[]): Record<string, string> {
  return Object.fromEntries(env.map((line) => [nameOf(line), line.slice(nameOf(line).length + 1)]));
}

function nameOf(line: string): string {
  return line.split('=')[0] ?? '';
}

function texts(value: unknown): string[] | null {
  return Array.isArray(value) ? value.map(String) : null;
}

function textMap(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}
