import { randomBytes } from 'node:crypto';
import type Dockerode from 'dockerode';
import { statusCode, dockerError } from '../../../clients/docker/docker-error';
import type { Config } from '../../../config/config';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';

// A proxy in front of Docker may refuse some calls. Each call that Portward needs is tried with a container that
// can't exist, with an image of an impossible name, or without changing anything: Docker answers that it can't do it,
// a filtering proxy that it is not permitted.

/** In the form of the table in docs/guides/limit-docker.md. */
export interface NeededCall {
  readonly call: string;
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: object;
  /** What is lost without it; null: Portward can't work at all. */
  readonly without: string | null;
}

export function permittedCalls(site: Site): Check {
  return {
    id: 'docker.permitted-calls',
    title: 'calls to Docker',
    vpn: null,
    look: async () => {
      const calls = neededCalls(site.settings);
      const answers = await Promise.all(
        calls.map(async (call) => ({ call, status: await statusOf(site.dockerode, call) })),
      );
      return judgeAnswers(answers);
    },
  };
}

/** All calls except `GET /events`, which has a check of its own. */
export function neededCalls({ engine, everyVpn }: Pick<Config, 'engine' | 'everyVpn'>): NeededCall[] {
  const nobody = randomBytes(32).toString('hex');
  const own = `/containers/${nobody}`;
  const needed: NeededCall[] = [
    { call: 'GET /containers/{name}/json', method: 'GET', path: `${own}/json`, without: null },
    {
      call: 'GET /containers/json',
      method: 'GET',
      path: '/containers/json',
      query: { filters: JSON.stringify({ label: [`portward.doctor=${nobody}`] }) },
      without: null,
    },
    {
      call: 'GET /containers/{id}/logs',
      method: 'GET',
      path: `${own}/logs`,
      query: { stdout: true, tail: 0 },
      without: "a changed port is noticed at the next check only, and an engine's last output is not shown",
    },
    { call: 'GET /images/{name}/json', method: 'GET', path: `/images/${engine.variant.image}/json`, without: null },
    {
      call: 'POST /containers/create',
      method: 'POST',
      path: '/containers/create',
      // Both name and image are impossible.
      query: { name: '-' },
      body: { Image: `portward-doctor/none:${nobody}` },
      without: null,
    },
    { call: 'POST /containers/{id}/start', method: 'POST', path: `${own}/start`, without: null },
    {
      call: 'POST /containers/{id}/update',
      method: 'POST',
      path: `${own}/update`,
      body: { RestartPolicy: { Name: 'no' } },
      without: null,
    },
    { call: 'POST /containers/{id}/stop', method: 'POST', path: `${own}/stop`, query: { t: 1 }, without: null },
    { call: 'DELETE /containers/{id}', method: 'DELETE', path: own, query: { force: true }, without: null },
  ];
  if (engine.pullPolicy !== 'never')
    needed.push({
      call: 'POST /images/create',
      method: 'POST',
      path: '/images/create',
      // Impossible, since names of images are in lower case.
      query: { fromImage: 'PORTWARD-DOCTOR', tag: nobody },
      without: "the engines' image can't be pulled; with PULL_POLICY=never this call is not needed",
    });
  if (everyVpn.unhealthyRestartMs > 0)
    needed.push({
      call: 'POST /containers/{id}/restart',
      method: 'POST',
      path: `${own}/restart`,
      without: 'a VPN that hangs is not restarted; with VPN_UNHEALTHY_RESTART_TIMEOUT_S=0 this call is not needed',
    });
  return needed;
}

/** @throws DockerUnreachable */
function statusOf({ modem }: Dockerode, { method, path, query, body }: NeededCall): Promise<number> {
  const request = {
    path: `${path}?`,
    method,
    options: { _query: query ?? {}, ...(body ? { _body: body } : {}) },
    statusCodes: { 200: true },
  };
  return new Promise((resolve, reject) => {
    modem.dial(request, (error: unknown) => {
      const status = error === null ? 200 : statusCode(error);
      if (status === null) reject(dockerError(error));
      else resolve(status);
    });
  });
}

function permit(calls: string): string {
  return `let the filtering proxy in front of Docker permit ${calls}: docs/guides/limit-docker.md has the settings`;
}

/** Docker itself has no reason to answer any of these calls with them. */
const REFUSALS = new Set([401, 403, 405]);

export function judgeAnswers(
  answers: readonly { readonly call: NeededCall; readonly status: number }[],
): Finding | readonly Finding[] {
  const refused = answers.filter(({ status }) => REFUSALS.has(status));
  if (refused.length === 0) return ok(`all ${answers.length} calls that Portward needs are permitted`);
  const needed = refused.filter(({ call: { without } }) => without === null);
  const names = needed.map(({ call: { call } }) => call).join(', ');
  const statuses = [...new Set(needed.map(({ status }) => status))].join(', ');
  return [
    ...(needed.length === 0
      ? []
      : [
          wrong(
            `${names} ${needed.length === 1 ? 'is' : 'are'} refused (${statuses})`,
            'Portward can not work without them',
            permit(needed.length === 1 ? names : 'these'),
          ),
        ]),
    ...refused.flatMap(({ call: { call, without }, status }) =>
      without === null ? [] : [warning(`${call} is refused (${status})`, without, permit(call))],
    ),
  ];
}
