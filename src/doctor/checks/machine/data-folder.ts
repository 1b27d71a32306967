import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isInContainer } from '../../../lib/container-mark';
import { dataDir } from '../../../config/folders';
import { codeOf } from '../../../lib/errors';
import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';

export interface FolderFacts {
  /** PORTWARD_DATA_DIR */
  readonly folder: string;
  /** The folder, or its nearest parent that exists. */
  readonly nearest: string;
  /** Why it can't be written; null if it can. */
  readonly obstacle: 'not permitted' | 'read-only' | 'no folder' | null;
  /** User ids; null if the system has none. */
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
        obstacle: obstacleOf(nearest),
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

function obstacleOf(folder: string): FolderFacts['obstacle'] {
  if (!statSync(folder).isDirectory()) return 'no folder';
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return codeOf(error) === 'EROFS' ? 'read-only' : 'not permitted';
  }
}

const NO_START = 'Temporal can not keep its database there, so Portward can not start';

export function judgeFolder({ folder, nearest, obstacle, owner, self, inContainer }: FolderFacts): Finding {
  if (obstacle === null)
    return ok(folder === nearest ? `${folder} can be written` : `${folder} is made at the first start`);
  const where = folder === nearest ? folder : `${nearest}, where ${folder} would be made,`;
  if (obstacle === 'no folder')
    return wrong(`${nearest} is not a folder`, NO_START, 'set PORTWARD_DATA_DIR to a folder, or move that file away');
  if (obstacle === 'read-only')
    return wrong(
      `${where} is on a file system that is mounted read-only`,
      NO_START,
      'mount it for writing (no `:ro`, no `read_only`), or set PORTWARD_DATA_DIR to another folder',
    );
  const whose =
    owner === null || owner === self ? '' : `: it belongs to user ${owner}, and Portward runs as user ${self}`;
  return wrong(
    `${where} can't be written${whose}`,
    NO_START,
    inContainer
      ? `on the Docker host, give the folder that is mounted at ${folder} to that user: sudo chown -R ${self ?? 1000} FOLDER`
      : `sudo chown -R ${self ?? '$(id -u)'} ${nearest}, or set PORTWARD_DATA_DIR to another folder`,
  );
}
