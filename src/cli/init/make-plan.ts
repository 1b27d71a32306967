import { randomBytes } from 'node:crypto';
import { parsePortRange } from '../../config/validators';
import type { PortRange } from '../../domain/settings';
import type { FoundVpn } from './found-vpn';
import { defaultRange, type Plan, type PlannedVpn } from './plan';
import type { Questions } from './questions';

/** Makes a plan from the running VPNs, and asks the user for the rest. @throws if there is no VPN to manage */
export async function makePlan(
  found: readonly FoundVpn[],
  { ask }: Questions,
  dockerGroup: number | null,
): Promise<Plan> {
  const vpns: PlannedVpn[] = [];
  const chosen = await chooseVpns(found, ask);
  for (const [index, name] of chosen.entries()) {
    const vpn = found.find((candidate) => candidate.name === name) ?? null;
    vpns.push({
      name,
      range: await chooseRange(name, vpn?.published ?? defaultRange(index), ask),
      key: vpn?.key ?? (await ask(`Key of the control server of ${name}, if it asks for one`, '')),
    });
  }
  const networks = new Set(found.filter(({ name }) => chosen.includes(name)).flatMap((vpn) => vpn.networks));
  return { vpns, networks: [...networks], apiKey: randomBytes(32).toString('hex'), dockerGroup };
}

type Ask = Questions['ask'];

async function chooseVpns(found: readonly FoundVpn[], ask: Ask): Promise<string[]> {
  const names = found.map(({ name }) => name).join(',');
  const question = found.length === 0 ? 'Name of the VPN container' : 'VPN containers to manage, comma-separated';
  const answer = found.length === 1 ? names : await ask(question, names);
  const chosen = answer
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (chosen.length === 0)
    throw new Error('No VPN container runs here: start it (Gluetun, for example), then run this command again.');
  return [...new Set(chosen)];
}

async function chooseRange(vpn: string, otherwise: PortRange, ask: Ask): Promise<PortRange> {
  const answer = await ask(`HTTP ports for the engines of ${vpn}`, `${otherwise.first}-${otherwise.last}`);
  return parsePortRange(answer);
}
