import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isInContainer } from '../../../container-mark';
import { dataDir } from '../../../folders';
import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';

export interface FolderFacts {
  /** PORTWARD_DATA_DIR */
  readonly folder: string;
  /** The folder, or the one in which it would be made. */
  readonly nearest: string;
  readonly isWritable: boolean;
  /** Ids; null where the system has none. */
  readonly owner: number | null;
  readonly self: number | null;
  readonly inContainer: boolean;
}

export function dataFolder({ env }: Site): Check {
  return {
    id: 'machine.data-folder',
    title: 'data folder',
    vpn: null,
    look: async () => {
      const folder = dataDir(env);
      const nearest = nearestOf(folder);
      return judgeFolder({
        folder,
        nearest,
        isWritable: isWritable(nearest),
        owner: process.platform === 'win32' ? null : statSync(nearest).uid,
        self: process.getuid?.() ?? null,
        inContainer: isInContainer(),
      });
    },
  };
}

export function nearestOf(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestOf(dirname(folder));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

export function judgeFolder({ folder, nearest, isWritable: may, owner, self, inContainer }: FolderFacts): Finding {
  if (may) return ok(folder === nearest ? `${folder} can be written` : `${folder} is made at the first start`);
  const where = folder === nearest ? folder : `${nearest}, where ${folder} would be made,`;
  const whose = owner === null || owner === self ? '' : `: it is of user ${owner}, and Portward is user ${self}`;
  return wrong(
    `${where} can't be written${whose}`,
    'Temporal can not keep its database there, and Portward not start',
    inContainer
      ? `on the Docker host, give the folder that is mounted at ${folder} to that user: sudo chown -R ${self ?? 1000} FOLDER`
      : `sudo chown -R ${self ?? '$(id -u)'} ${nearest}, or set PORTWARD_DATA_DIR to another folder`,
  );
}
