import { execFileSync } from 'node:child_process';

/** The embedded servers that run with that folder, as lines of `ps`. */
export function temporalServers(dataDir: string): string[] {
  const listed = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  return listed.split('\n').filter((line) => line.includes('server start-dev') && line.includes(dataDir));
}
