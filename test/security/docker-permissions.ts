import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One kind of call to Docker. */
export interface Permission {
  readonly method: string;
  /** The path as in the document, for messages. */
  readonly path: string;
  readonly pattern: RegExp;
}

const DOCUMENT = join(__dirname, '../../docs/guides/limit-docker.md');

/** The permitted calls, from the filtering proxy's settings (`-allowGET=…`) in docs/guides/limit-docker.md. */
export function documentedPermissions(): Permission[] {
  const text = readFileSync(DOCUMENT, 'utf8');
  return [...text.matchAll(/^\s*- '-allow([A-Z]+)=(.+)'$/gm)].map(([, method = '', path = '']) => ({
    method,
    path,
    // That proxy matches the whole path.
    pattern: new RegExp(`^${path}$`),
  }));
}

/** The calls from the list in the same document, such as `GET /containers/{id}/json`, each with its purpose. */
export function documentedCalls(): Map<string, string> {
  const text = readFileSync(DOCUMENT, 'utf8');
  const items = [...text.matchAll(/^- `([A-Z]+) (\/[^`]*)`: ([^]+?)(?=\n- |\n\n)/gm)];
  return new Map(
    items.map(([, method = '', path = '', purpose = '']) => [`${method} ${path}`, purpose.replaceAll(/\s+/g, ' ')]),
  );
}
