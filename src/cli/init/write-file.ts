import { chmodSync, existsSync, writeFileSync } from 'node:fs';

export type Written = 'written' | 'kept';

interface Answers {
  /** Whether an existing file may be overwritten. */
  readonly mayOverwrite: (path: string) => Promise<boolean>;
}

/** @param mode permission bits, restrictive for a file with secrets */
export async function writeUnlessThere(
  path: string,
  text: string,
  { mayOverwrite }: Answers,
  mode = 0o644,
): Promise<Written> {
  if (!existsSync(path)) {
    // `wx`: a file that another program creates at this moment is not overwritten.
    writeFileSync(path, text, { mode, flag: 'wx' });
    return 'written';
  }
  if (!(await mayOverwrite(path))) return 'kept';
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return 'written';
}
