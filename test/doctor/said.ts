import type { Finding } from '../../src/doctor/finding';

/** A check's findings on one line. */
export function said(found: Finding | readonly Finding[]): string {
  const all = 'verdict' in found ? [found] : found;
  return all
    .map(
      ({ verdict, found: what, means, todo }) =>
        `${verdict}: ${[what, means, todo].filter((part) => part !== null).join(', ')}`,
    )
    .join('; ');
}
