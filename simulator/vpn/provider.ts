import type { Surroundings } from '../inside/surroundings';
import { parsePorts } from './ports';

/** Among the container's own files, so that a restart keeps it and a re-creation doesn't. */
const MEMORY = '/tmp/provider-ports.json';

/** The VPN provider: which ports it gives when asked. It outlives the process, as a provider does. */
export class Provider {
  #ports: number[];
  /** Under which a tunnel is seen from outside, in turns. */
  addresses: string[];

  constructor(
    otherwise: number[],
    addresses: string[],
    private readonly files: Pick<Surroundings, 'readFile' | 'writeFile'>,
  ) {
    this.addresses = addresses;
    this.#ports = remembered(files.readFile(MEMORY)) ?? otherwise;
  }

  get ports(): number[] {
    return this.#ports;
  }

  /** Takes effect at the next ask, and on nothing that was given before. */
  change(ports: number[]): void {
    this.#ports = ports;
    this.files.writeFile(MEMORY, JSON.stringify({ ports }));
  }
}

function remembered(text: string | null): number[] | null {
  return text === null ? null : parsePorts(JSON.parse(text));
}
