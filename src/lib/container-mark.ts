import { existsSync } from 'node:fs';

/** Podman writes which container it is. */
export const PODMAN_MARK = '/run/.containerenv';

/** Whether Docker or Podman has marked this file system as a container's. */
export function isInContainer(marks: readonly string[] = ['/.dockerenv', PODMAN_MARK]): boolean {
  return marks.some((file) => existsSync(file));
}
