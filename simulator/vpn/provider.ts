import type { Surroundings } from '../inside/surroundings';
import { parsePorts } from './ports';

/** A file in the container, so that a restart keeps the ports and a re-creation doesn't. */
const MEMORY = '/tmp/provider-ports.json';

/** The VPN provider with the ports that it gives next. They outlive the process, as a real provider's do. */
export class Provider {
  #ports: number[];
  /** The public addresses of the next tunnel, which `publicip` answers in turn. */
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

  /** Takes effect when the VPN asks for ports the next time. */
  change(ports: number[]): void {
    this.#ports = ports;
    this.files.writeFile(MEMORY, JSON.stringify({ ports }));
  }
}

function remembered(text: string | null): number[] | null {
  return text === null ? null : parsePorts(JSON.parse(text));
}
