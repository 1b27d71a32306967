import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One kind of call to Docker. */
export interface Permission {
  readonly method: string;
  /** As in the document, for messages. */
  readonly path: string;
  readonly pattern: RegExp;
}

const DOCUMENT = join(__dirname, '../../docs/security.md');

/** The calls that docs/security.md says are needed, from the settings for the filtering proxy in it: `-allowGET=…`. */
export function documentedPermissions(): Permission[] {
  const text = readFileSync(DOCUMENT, 'utf8');
  return [...text.matchAll(/^\s*- '-allow([A-Z]+)=(.+)'$/gm)].map(([, method = '', path = '']) => ({
    method,
    path,
    // As that proxy does: the whole path has to match.
    pattern: new RegExp(`^${path}$`),
  }));
}

/** The same calls from the table above it, as `GET /containers/{id}/json`, and what each is for. */
export function documentedCalls(): Map<string, string> {
  const text = readFileSync(DOCUMENT, 'utf8');
  const rows = [...text.matchAll(/^\| `([A-Z]+) (\/[^`]*)` +\|(.*)\|$/gm)];
  return new Map(rows.map(([, method = '', path = '', purpose = '']) => [`${method} ${path}`, purpose]));
}
