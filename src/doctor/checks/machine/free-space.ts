import { statfs } from 'node:fs/promises';
import { dataDir } from '../../../config/folders';
import { lackOfSpace, type LackOfSpace } from '../../../embedded-temporal/disk-space';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';
import { nearestOf } from './data-folder';

const MIB = 1024 * 1024;
/** Enough for some weeks of the database, which grows by 33 KB with each port change, and for its log. */
const LITTLE_MIB = 200;

export function freeSpace({ env }: Site): Check {
  return {
    id: 'machine.free-space',
    title: 'free space',
    vpn: null,
    look: async () => {
      const folder = nearestOf(dataDir(env));
      const { bavail, bsize } = await statfs(folder);
      return judgeSpace({ folder, freeMib: Math.floor((bavail * bsize) / MIB), lack: await lackOfSpace(folder) });
    },
  };
}

export interface SpaceFacts {
  readonly folder: string;
  readonly freeMib: number;
  /** The lack of space as a running Portward would log it; null while there is enough. */
  readonly lack: Pick<LackOfSpace, 'found' | 'means' | 'todo'> | null;
}

export function judgeSpace({ folder, freeMib, lack }: SpaceFacts): Finding {
  if (lack !== null) return wrong(lack.found, lack.means, lack.todo);
  if (freeMib >= LITTLE_MIB) return ok(`${freeMib} MB are free below ${folder}`);
  return warning(
    `${freeMib} MB are free below ${folder}`,
    "Temporal's database grows by some 33 KB with each change of a port",
    'free some space there, or set PORTWARD_DATA_DIR to a folder on another disk',
  );
}
