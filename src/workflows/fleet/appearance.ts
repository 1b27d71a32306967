import type { FleetState } from '../../domain/fleet/fleet';

/** The fleet workflow's current details: a small table in Markdown. */
export function describeFleet({ settings, demand, members, wanted }: FleetState): string {
  const { minReplicas, minFreeReplicas, maxReplicas, maxActiveReplicas } = settings;
  const rows = settings.vpns.map(({ vpn }) => {
    const member = members.find((m) => m.vpn === vpn);
    const facts = member?.facts ?? null;
    const health = facts?.condition ?? 'unknown';
    const condition = facts !== null && !member?.answers ? `${health}, does not answer` : health;
    return `| ${vpn} | ${condition} | ${facts?.engines ?? '–'} | ${facts?.busy ?? '–'} | ${facts?.target ?? '–'} |`;
  });
  return [
    `**${wanted ?? '–'} engines wanted** over all VPNs: at least ${minReplicas}` +
      (demand === null ? '' : `, ${demand} asked for`) +
      `, ${minFreeReplicas} without a stream, at most ${Math.min(maxReplicas, maxActiveReplicas)}`,
    '\n| VPN | condition | engines | busy | target |\n| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
