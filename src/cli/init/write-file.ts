import { chmodSync, existsSync, writeFileSync } from 'node:fs';

export type Written = 'written' | 'kept';

interface Answers {
  /** Whether a file that is there may be overwritten. */
  readonly mayOverwrite: (path: string) => Promise<boolean>;
}

/** @param mode permission bits, for a file that holds secrets */
export async function writeUnlessThere(
  path: string,
  text: string,
  { mayOverwrite }: Answers,
  mode = 0o644,
): Promise<Written> {
  if (!existsSync(path)) {
    // Made by somebody else in this moment, it is theirs.
    writeFileSync(path, text, { mode, flag: 'wx' });
    return 'written';
  }
  if (!(await mayOverwrite(path))) return 'kept';
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return 'written';
}
