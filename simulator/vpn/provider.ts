import { readFileSync, writeFileSync } from 'node:fs';
import { parsePorts } from './ports';

/** In the container's own file system, so that a restart keeps it and a re-creation doesn't. */
const MEMORY = '/tmp/provider-ports.json';

/** The VPN provider: which ports it gives when asked. It outlives the process, as a provider does. */
export class Provider {
  #ports: number[];
  /** Under which a tunnel is seen from outside, in turns. */
  addresses: string[];

  constructor(otherwise: number[], addresses: string[]) {
    this.addresses = addresses;
    this.#ports = remembered() ?? otherwise;
  }

  get ports(): number[] {
    return this.#ports;
  }

  /** Takes effect at the next ask, and on nothing that was given before. */
  change(ports: number[]): void {
    this.#ports = ports;
    writeFileSync(MEMORY, JSON.stringify({ ports }));
  }
}

function remembered(): number[] | null {
  try {
    return parsePorts(JSON.parse(readFileSync(MEMORY, 'utf8')));
  } catch {
    return null;
  }
}
