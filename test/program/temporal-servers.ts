import { execFileSync } from 'node:child_process';

/** Every embedded server that runs with that folder, as `ps` lists it. */
export function temporalServers(dataDir: string): string[] {
  const listed = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  return listed.split('\n').filter((line) => line.includes('server start-dev') && line.includes(dataDir));
}
