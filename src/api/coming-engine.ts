import { engineName, lineageOf } from '../domain/names';
import type { Replacement } from '../domain/replacement';

/** The name that the container of a replacement's engine has or will have; null: it brings up none. */
export function comingName(vpn: string, { id, number, target }: Replacement): string | null {
  return target && engineName(target.role, vpn, lineageOf(id), number, target.generation);
}
