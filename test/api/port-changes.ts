import type { NumberedEvent } from '../../src/domain/event-log';
import { DAY } from '../builders';

/** Events of port changes, numbered from `first` to `last`. */
export function portChanges(first: number, last: number): NumberedEvent[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => ({
    number: first + i,
    at: DAY + (first + i) * 1_000,
    event: { kind: 'port_changed', from: 40_000 + first + i - 1, to: 40_000 + first + i },
  }));
}
