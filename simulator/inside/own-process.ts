import { readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Surroundings } from './surroundings';

/** This process, which is all that runs in its container. It is PID 1, where a signal without a handler does nothing. */
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
        // Unspecified, so that peers and the proxy reach it from outside the namespace.
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
