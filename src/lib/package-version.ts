import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** From package.json, which is in the image and in a checkout alike, above the built program. */
export function packageVersion(folder = __dirname): string {
  const file = join(folder, 'package.json');
  if (existsSync(file)) return String((JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown }).version);
  return dirname(folder) === folder ? 'unknown' : packageVersion(dirname(folder));
}
