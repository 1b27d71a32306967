import { existsSync, renameSync } from 'node:fs';
import type { ServerFiles } from './server-files';

const PARTS = ['', '-wal', '-shm'];

/** Whether the server's last log lines say that its database can't be read. */
export function saysDamaged(lines: string): boolean {
  return /database disk image is malformed|file is not a database|no such table: namespaces/.test(lines);
}

/** Renames the database, over one that was renamed before. Returns its new path. */
export function setAside({ database }: ServerFiles): string {
  const aside = `${database}.damaged`;
  for (const part of PARTS) if (existsSync(`${database}${part}`)) renameSync(`${database}${part}`, `${aside}${part}`);
  return aside;
}
