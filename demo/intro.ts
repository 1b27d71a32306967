import { PORTS } from './stage';

export function intro(viewers: number, keep: boolean): string[] {
  return [
    "Portward demo: a VPN's forwarded port changes, and the proxy never notices.",
    '',
    `Two simulated VPN containers, gluetun and gluetun2, come up in your Docker. A provider forwards port ${PORTS.gluetun} to`,
    `the one and port ${PORTS.gluetun2} to the other. Portward keeps one engine on each of these ports. All the time ${viewers} viewers`,
    'request streams through a proxy, which asks Portward which engines there are.',
    '',
    '  1. Portward starts, and brings up an engine for each forwarded port.',
    `  2. gluetun's port changes from ${PORTS.gluetun} to ${PORTS.gluetunLater}. gluetun2 is to stay as it is.`,
    "  3. You have gluetun's engine replaced by hand.",
    '',
    keep
      ? 'It takes about 30 seconds; then everything goes on running for a look around, until Ctrl-C.'
      : 'It takes about 30 seconds. All that it makes is removed in the end, after Ctrl-C too. (--keep: leave it running.)',
  ];
}
