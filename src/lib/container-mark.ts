import { existsSync } from 'node:fs';

/** In this file Podman writes the container's id. */
export const PODMAN_MARK = '/run/.containerenv';

/** Whether Docker or Podman has marked this file system as that of a container. */
export function isInContainer(marks: readonly string[] = ['/.dockerenv', PODMAN_MARK]): boolean {
  return marks.some((file) => existsSync(file));
}
