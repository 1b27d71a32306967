import { join } from 'node:path';

/** Everything that the embedded server keeps, by the folder that it keeps it in. */
export interface ServerFiles {
  readonly database: string;
  readonly record: string;
  readonly startLock: string;
  readonly log: string;
}

export function serverFiles(dataDir: string): ServerFiles {
  return {
    database: join(dataDir, 'temporal.db'),
    record: join(dataDir, 'temporal.lock.json'),
    startLock: join(dataDir, 'temporal.starting.json'),
    log: join(dataDir, 'temporal.log'),
  };
}
