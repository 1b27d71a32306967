import type { Downtime } from './observation';
import type { Port } from './engine';
import type { PullPolicy } from './settings';

// What is wrong with a VPN or its engines' image, in words that say what to do: the same in `/vpn/status`, while Portward runs, and
// in `portward doctor`, before it does.

/** @param ofService containers of a Compose service of that name */
export function absentInWords(vpn: string, ofService: readonly string[] = []): string {
  if (ofService.length === 0) return `VPN container '${vpn}' not found: start it, or correct GLUETUN_CONTAINER_NAME`;
  return (
    `VPN container '${vpn}' not found; the Compose service of that name has the container ${ofService.join(', ')}: ` +
    `give the service 'container_name: ${vpn}', or set GLUETUN_CONTAINER_NAME to the container's name`
  );
}

export function notRunningInWords(vpn: string, down: Downtime | undefined): string {
  if (down === undefined) return `VPN container '${vpn}' is not running`;
  const { state, error, exitCode } = down;
  if (error !== null) return `Docker can't start VPN container '${vpn}': ${error}`;
  switch (state) {
    case 'restarting':
      return `Docker keeps restarting VPN container '${vpn}', whose process ends each time${howItEnded(down)}: ${seeLog(vpn)}`;
    case 'created':
      return `VPN container '${vpn}' was made and never started: start it`;
    case 'paused':
      return `VPN container '${vpn}' is paused: \`docker unpause ${vpn}\` lets it go on`;
    case 'removing':
      return `VPN container '${vpn}' is being removed`;
    case 'dead':
      return `VPN container '${vpn}' is dead, since Docker could not remove the whole of it: remove it and make it anew`;
    case 'exited':
      return `VPN container '${vpn}' is not running${howItEnded(down)}${exitCode === 0 ? ': start it' : `: ${seeLog(vpn)}`}`;
  }
}

function howItEnded({ exitCode, outOfMemory }: Downtime): string {
  const code = exitCode === null ? '' : ` (exit code ${exitCode})`;
  return outOfMemory ? `${code}, killed because its memory was used up` : code;
}

function seeLog(vpn: string): string {
  return `\`docker logs ${vpn}\` says why`;
}

/** Not its container: the VPN inside of it. */
export function stoppedInWords(vpn: string): string {
  return `the VPN in container '${vpn}' is stopped: start it with PUT /v1/vpn/status {"status":"running"} at its control server, or restart the container`;
}

/** @param redirectedTo where Gluetun sends what arrives at the forwarded port */
export function redirectedInWords(vpn: string, redirectedTo: readonly Port[]): string {
  return (
    `VPN '${vpn}' redirects its forwarded port to ${redirectedTo.join(', ')}, where no engine listens, so none has peers from outside: ` +
    `remove VPN_PORT_FORWARDING_LISTENING_PORT from the environment of its container`
  );
}

export function imageMissingInWords(image: string, pullPolicy: PullPolicy): string {
  const remedy = pullPolicy === 'never' ? 'pull it, or set PULL_POLICY=missing' : 'it is being pulled';
  return `image ${image} is not on the Docker host: ${remedy}`;
}
