import { PORTS } from './stage';

export function intro(viewers: number, keep: boolean): string[] {
  return [
    "Portward demo: a VPN's forwarded port changes, and the proxy never notices.",
    '',
    `The demo starts two simulated VPN containers, gluetun and gluetun2, in your Docker. A provider forwards port ${PORTS.gluetun}`,
    `to gluetun and port ${PORTS.gluetun2} to gluetun2. Portward keeps one engine on each of these ports. All the time ${viewers} viewers`,
    'request streams through a proxy, which gets the list of engines from Portward.',
    '',
    '  1. Portward starts an engine for each forwarded port.',
    `  2. gluetun's port changes from ${PORTS.gluetun} to ${PORTS.gluetunLater}. gluetun2 must not be affected.`,
    "  3. gluetun's engine is replaced by hand.",
    '',
    keep
      ? 'This takes about 30 seconds. Then everything runs on until Ctrl-C, so that you can look around.'
      : 'This takes about 30 seconds. The demo then removes everything that it made, also after Ctrl-C. (--keep: leave it running.)',
  ];
}
