import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config';
import { DEBUG_LOG } from './logger';
import { sealingKeyFile } from '../secrets/sealing-key';
import { serverFiles } from '../embedded-temporal/server-files';

const FOR_US_ALONE = 0o600;

/**
 * From now on this process, and the Temporal server that it starts, make files that other users can't read: the files
 * tell which VPNs and engines there are. Files of earlier runs are made private as well. Existing folders are left to
 * their owner.
 */
export function keepFilesPrivate({ dataDir, log }: Config): void {
  process.umask(0o077);
  const { database, log: serverLog } = serverFiles(dataDir);
  const written = [database, `${database}-wal`, `${database}-shm`, serverLog, `${serverLog}.1`];
  for (const file of [...written, sealingKeyFile(dataDir), join(log.debugDir, DEBUG_LOG)]) {
    try {
      chmodSync(file, FOR_US_ALONE);
    } catch {
      // The file does not exist yet, or belongs to somebody else, which the program that writes it reports.
    }
  }
}
