import { readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Surroundings } from './surroundings';

/** The surroundings of a program in a real container. The process is PID 1, so a signal without a handler does nothing. */
export function ownProcess(): Surroundings {
  return {
    env: process.env,
    args: process.argv.slice(2),
    print: (line, output = 'stdout') => {
      if (output === 'stdout') console.log(line);
      else console.error(line);
    },
    listen: (server, port) =>
      new Promise((resolve, reject) => {
        server.on('error', reject);
        // At all addresses, so that peers and the proxy reach it from outside the network namespace.
        server.listen(port, resolve);
      }),
    exit: (code) => process.exit(code),
    onStopSignal: (handler) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, handler);
    },
    loopback: '127.0.0.1',
    hasNetwork: () =>
      Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal) === true),
    readFile: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (path, text) => writeFileSync(path, text),
    lookup: undefined,
  };
}
