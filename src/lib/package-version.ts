import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version in package.json, which is above the built program both in the image and in a checkout. */
export function packageVersion(folder = __dirname): string {
  const file = join(folder, 'package.json');
  if (existsSync(file)) return String((JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown }).version);
  return dirname(folder) === folder ? 'unknown' : packageVersion(dirname(folder));
}
