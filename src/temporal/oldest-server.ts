/** The oldest supported server. Older ones lack user metadata or details of updates, which the workflows use. */
const OLDEST = { major: 1, minor: 27 };

export const OLDEST_SERVER = `${OLDEST.major}.${OLDEST.minor}`;

/** @param version begins with `major.minor`; a version in another format counts as new enough */
export function isTooOld(version: string): boolean {
  const [, major = NaN, minor = NaN] = /^(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  return major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
}
