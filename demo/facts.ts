// Questions to Portward, Temporal and Docker, beside `/engines`, for the demo's checks.
import type Docker from 'dockerode';
import { Client, Connection } from '@temporalio/client';
import { httpGet } from '../simulator/http-get';
import type { PortwardProcess } from '../simulator/portward-process';
import type { ReplacementJson, VpnJson, VpnStatusJson } from '../src/api/schemas/engines';
import type { RunNames } from './names';

const ANSWER_LIMIT_MS = 5_000;

/** Newest first. */
export function replacements(portward: PortwardProcess, vpn: string): Promise<ReplacementJson[]> {
  return get<ReplacementJson[]>(`${portward.url}/vpns/${encodeURIComponent(vpn)}/replacements`);
}

export async function vpnStatus(portward: PortwardProcess, vpn: string): Promise<VpnJson> {
  const { vpns } = await get<VpnStatusJson>(`${portward.url}/vpn/status`);
  const found = vpns.find(({ container_name: name }) => name === vpn);
  if (!found) throw new Error(`expected ${vpn} in /vpn/status, found ${vpns.map((v) => v.container_name).join(', ')}`);
  return found;
}

/** The id of the workflow's current run. It changes when the workflow ends or continues as new. */
export async function workflowRun(portward: PortwardProcess, workflowId: string): Promise<string> {
  const connection = await Connection.connect({ address: portward.temporalAddress });
  try {
    const { runId } = await new Client({ connection }).workflow.getHandle(workflowId).describe();
    return runId;
  } finally {
    await connection.close();
  }
}

export interface ForwardedContainer {
  readonly id: string;
  readonly p2pPort: string;
}

/** Containers, running or not, whose labels say that they are the VPN's forwarded engine. */
export async function forwardedContainers(docker: Docker, vpn: string): Promise<ForwardedContainer[]> {
  const label = ['acestream.forwarded=true', `acestream.vpn_container=${vpn}`];
  const found = await docker.listContainers({ all: true, filters: { label } });
  return found.map(({ Id, Labels }) => ({ id: Id, p2pPort: Labels['acestream.p2p_port'] ?? 'none' }));
}

/** The names of all containers and networks that this run has in Docker. */
export async function leftInDocker(docker: Docker, { runId }: RunNames): Promise<string[]> {
  const [containers, networks] = await Promise.all([docker.listContainers({ all: true }), docker.listNetworks()]);
  const names = [...containers.flatMap(({ Names }) => Names), ...networks.map(({ Name }) => Name)];
  return names.filter((name) => name.includes(runId));
}

async function get<Answer>(url: string): Promise<Answer> {
  const { status, body } = await httpGet(url, { limitMs: ANSWER_LIMIT_MS });
  if (status !== 200) throw new Error(`GET ${url}: expected 200, found ${status} ${body}`);
  const answer: Answer = JSON.parse(body);
  return answer;
}
