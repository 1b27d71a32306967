import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { commandLine, isAlive, isRunning, type ProcessIdentity } from '../lib/process-identity';
import type { ServerFiles } from './server-files';

/** Which server has the database open, and which Portward has to stop it. */
export interface ServerRecord {
  readonly pid: number;
  readonly port: number;
  readonly uiPort: number;
  /** The path of its UI; undefined: an earlier version has started the server, and the UI may be open to others. */
  readonly uiPath?: string | undefined;
  readonly owner?: ProcessIdentity | undefined;
}

export function writeRecord(files: ServerFiles, record: ServerRecord): void {
  const unfinished = `${files.record}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(record)}\n`);
  renameSync(unfinished, files.record);
}

export function removeRecord(files: ServerFiles): void {
  rmSync(files.record, { force: true });
}

/** The server that runs on this database, whoever started it. The record counts only while its server runs. */
export function findServer(files: ServerFiles): ServerRecord | undefined {
  const record = readRecord(files);
  if (record !== undefined && servesDatabase(record.pid, files)) return record;
  return findUnrecorded(files);
}

export function hasLivingOwner(record: ServerRecord): boolean {
  return record.owner !== undefined && record.owner.pid !== process.pid && isAlive(record.owner);
}

function readRecord(files: ServerFiles): ServerRecord | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(files.record, 'utf8'));
    return isRecord(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(found: unknown): found is ServerRecord {
  if (typeof found !== 'object' || found === null) return false;
  const { pid, port, uiPort, uiPath, owner } = found as Partial<Record<keyof ServerRecord, unknown>>;
  return (
    [pid, port, uiPort].every((value) => typeof value === 'number' && Number.isInteger(value) && value > 0) &&
    (uiPath === undefined || typeof uiPath === 'string') &&
    (owner === undefined || (typeof owner === 'object' && owner !== null && 'pid' in owner))
  );
}

function servesDatabase(pid: number, files: ServerFiles): boolean {
  if (!isRunning(pid)) return false;
  // On Windows the arguments of another process can't be read cheaply, so a running pid is enough.
  if (process.platform === 'win32') return true;
  return commandLine(pid)?.includes(` --db-filename ${files.database} `) ?? false;
}

/** Finds a server without a record: Portward may be killed between starting a server and recording it. */
function findUnrecorded(files: ServerFiles): ServerRecord | undefined {
  if (process.platform !== 'linux') return undefined;
  const pid = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((candidate) => servesDatabase(candidate, files));
  if (pid === undefined) return undefined;
  const words = (commandLine(pid) ?? '').split(' ');
  const valueOf = (flag: string) => (words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined);
  const record = {
    pid,
    port: Number(valueOf('--port')),
    uiPort: Number(valueOf('--ui-port')),
    uiPath: valueOf('--ui-public-path'),
  };
  return isRecord(record) ? record : undefined;
}
