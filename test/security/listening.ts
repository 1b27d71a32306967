import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTEN = '0A';

/** The addresses on which a process listens, such as `127.0.0.1:8000`; an IPv6 address as 32 hexadecimal digits. */
export function listeningOn(pid: number): string[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // Closed since.
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((family) =>
    readFileSync(`/proc/${pid}/net/${family}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode = '']) => state === LISTEN && sockets.has(inode))
      .map(([, local = '']) => readable(local)),
  );
}

/** Converts the kernel's form, such as `0100007F:1F90`: each 32 bits of the address are in the machine's byte order. */
function readable(local: string): string {
  const [address = '', port = ''] = local.split(':');
  const bytes = [...address.matchAll(/.{8}/g)].flatMap(([word]) => [...Buffer.from(word, 'hex')].toReversed());
  const ip = bytes.length === 4 ? bytes.join('.') : Buffer.from(bytes).toString('hex');
  return `${ip}:${Number.parseInt(port, 16)}`;
}
