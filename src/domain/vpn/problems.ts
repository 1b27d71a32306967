import type { Downtime } from './observation';
import type { Port } from '../engine';
import type { Problem } from '../../lib/problem';
import type { PullPolicy } from '../settings';

// What can be wrong with a VPN or with the engines' image, and what to do. `/vpn/status` and `portward doctor` use the same texts.

/** @param ofService containers of a Compose service of that name */
export function absent(vpn: string, ofService: readonly string[] = []): Problem {
  const what = `VPN container '${vpn}' not found`;
  if (ofService.length === 0) return { what, todo: 'start it, or correct GLUETUN_CONTAINER_NAME' };
  return {
    what: `${what}; the Compose service of that name has the container ${ofService.join(', ')}`,
    todo: `give the service 'container_name: ${vpn}', or set GLUETUN_CONTAINER_NAME to the container's name`,
  };
}

export function notRunning(vpn: string, down: Downtime | undefined): Problem {
  const container = `VPN container '${vpn}'`;
  if (down === undefined) return { what: `${container} is not running`, todo: null };
  const { state, error, exitCode } = down;
  if (error !== null) return { what: `Docker can't start ${container}: ${error}`, todo: null };
  switch (state) {
    case 'restarting':
      return {
        what: `Docker keeps restarting ${container}, whose process ends each time${howItEnded(down)}`,
        todo: seeLog(vpn),
      };
    case 'created':
      return { what: `${container} was made and never started`, todo: startIt(vpn) };
    case 'paused':
      return { what: `${container} is paused`, todo: `\`docker unpause ${vpn}\` lets it go on` };
    case 'removing':
      return { what: `${container} is being removed`, todo: null };
    case 'dead':
      return {
        what: `${container} is dead, since Docker could not remove the whole of it`,
        todo: 'remove it and make it anew',
      };
    case 'exited':
      return {
        what: `${container} is not running${howItEnded(down)}`,
        todo: exitCode === 0 ? startIt(vpn) : seeLog(vpn),
      };
  }
}

function howItEnded({ exitCode, outOfMemory }: Downtime): string {
  const code = exitCode === null ? '' : ` (exit code ${exitCode})`;
  return outOfMemory ? `${code}, killed because its memory was used up` : code;
}

function startIt(vpn: string): string {
  return `\`docker start ${vpn}\` starts it`;
}

function seeLog(vpn: string): string {
  return `\`docker logs ${vpn}\` says why`;
}

/** The container runs, and the VPN inside it is stopped. */
export function stoppedInside(vpn: string): Problem {
  return {
    what: `the VPN in container '${vpn}' is stopped`,
    todo: 'start it with PUT /v1/vpn/status {"status":"running"} at its control server, or restart the container',
  };
}

/** @param found what the container's environment says instead */
export function notForwarding(found: string): Problem {
  return {
    what: found,
    todo: "set VPN_PORT_FORWARDING=on in the environment of the VPN's container, and make it anew",
  };
}

/** @param redirectedTo ports to which Gluetun sends the traffic of the forwarded port */
export function redirected(vpn: string, redirectedTo: readonly Port[]): Problem {
  return {
    what: `VPN '${vpn}' redirects its forwarded port to ${redirectedTo.join(', ')}, where no engine listens, so none has peers from outside`,
    todo: 'remove VPN_PORT_FORWARDING_LISTENING_PORT from the environment of its container',
  };
}

export function imageMissing(image: string, pullPolicy: PullPolicy): Problem {
  return {
    what: `image ${image} is not on the Docker host`,
    todo: pullPolicy === 'never' ? 'pull it, or set PULL_POLICY=missing' : 'it is being pulled',
  };
}
