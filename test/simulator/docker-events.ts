import { createInterface } from 'node:readline';
import type { DockerHost } from '../../src/clients/docker/docker-host';
import { until } from './until';

const KINDS = ['create', 'start', 'kill', 'die', 'stop', 'restart', 'update', 'destroy', 'health_status'];

export type EventsByContainer = Readonly<Record<string, readonly string[]>>;

/**
 * Collects Docker's events of the containers whose names begin with `beginning`. Resolves with a function that waits until the container
 * `last` is destroyed and then returns the events, by the rest of the containers' names.
 */
export async function collectEvents(
  host: DockerHost,
  { beginning, last, signal }: { beginning: string; last: string; signal: AbortSignal },
): Promise<() => Promise<EventsByContainer>> {
  const stream = await host.events(KINDS, signal);
  const events: Record<string, string[]> = {};
  const read = async (): Promise<void> => {
    for await (const line of createInterface({ input: stream })) {
      const { Action, Actor } = JSON.parse(line) as { Action: string; Actor: { Attributes: Record<string, string> } };
      const { name = '', signal: sent, exitCode, of } = Actor.Attributes;
      if (!name.startsWith(beginning)) continue;
      const about = [sent, exitCode, of && 'with labels'].filter((word) => word !== undefined);
      (events[name.slice(beginning.length)] ??= []).push([Action, ...about].join(' '));
    }
  };
  // The stream ends when the signal is aborted.
  read().catch(() => {});
  return async () => {
    await until('the last event', () => events[last]?.at(-1)?.startsWith('destroy'));
    return Object.fromEntries(Object.entries(events).map(([name, ofContainer]) => [name, inShort(ofContainer)]));
  };
}

/** Leaves out events that depend on timing: the number of restarts, and health checks that Docker has broken off. */
function inShort(events: readonly string[]): string[] {
  const kept: string[] = [];
  for (const event of events) {
    const isBrokenOff = event.startsWith('health_status') && kept.at(-1)?.startsWith('kill') === true;
    const isRevival = event.startsWith('start') && kept.at(-1)?.startsWith('die 98') === true;
    const isSameEnd = event.startsWith('die 98') && kept.at(-1) === event;
    if (!isBrokenOff && !isRevival && !isSameEnd) kept.push(event);
  }
  return kept;
}
