import { join } from 'node:path';

/** The embedded server's files in the data folder. */
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
