import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One kind of call to Docker. */
export interface Permission {
  readonly method: string;
  /** As in the document, for messages. */
  readonly path: string;
  readonly pattern: RegExp;
}

const DOCUMENT = join(__dirname, '../../docs/guides/limit-docker.md');

/** The calls that docs/guides/limit-docker.md says are needed, from the settings for the filtering proxy in it: `-allowGET=…`. */
export function documentedPermissions(): Permission[] {
  const text = readFileSync(DOCUMENT, 'utf8');
  return [...text.matchAll(/^\s*- '-allow([A-Z]+)=(.+)'$/gm)].map(([, method = '', path = '']) => ({
    method,
    path,
    // As that proxy does: the whole path has to match.
    pattern: new RegExp(`^${path}$`),
  }));
}

/** The same calls from the list above it, as `GET /containers/{id}/json`, and what each is for. */
export function documentedCalls(): Map<string, string> {
  const text = readFileSync(DOCUMENT, 'utf8');
  const items = [...text.matchAll(/^- `([A-Z]+) (\/[^`]*)`: ([^]+?)(?=\n- |\n\n)/gm)];
  return new Map(
    items.map(([, method = '', path = '', purpose = '']) => [`${method} ${path}`, purpose.replaceAll(/\s+/g, ' ')]),
  );
}
