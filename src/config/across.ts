import type { Reading } from './reading';
import type { Variables } from './variables';

// Checks across variables: each value is valid, but not together with the others.

/** A part of Portward, which runs alone or with the other one in a process. */
export type Part = 'worker' | 'api';

/** How long a change in a workflow may take to reach the list: usually 20 ms, more on a busy machine. */
export const LAG_ALLOWED_MS = 500;
/** Shorter than PROPAGATED_WITHIN_MS in `workflows/replacement/release.ts`: for so long every API has had the chance to get a new list. */
const LONGEST_SINCE_A_LIST_MS = 12_500;

/** @param parts the parts that run with this configuration */
export function checkAcross(reading: Reading, parts: readonly Part[]): void {
  checkGrace(reading);
  checkReplicas(reading);
  checkListeners(reading, parts);
}

/** The grace has to last until nobody has a list any more that still shows the hidden engine. */
function checkGrace({ values, mistakes, comparable }: Reading): void {
  if (!comparable('PROXY_CACHE_S', 'ENGINES_MAX_AGE_MS')) return;
  const listMs = values.PROXY_CACHE_S + values.ENGINES_MAX_AGE_MS;
  const leastGraceMs = listMs + LAG_ALLOWED_MS;
  if (leastGraceMs > LONGEST_SINCE_A_LIST_MS) {
    const most = (LONGEST_SINCE_A_LIST_MS - LAG_ALLOWED_MS) / 1000;
    mistakes.push(`PROXY_CACHE_S: expected at most ${most} with ENGINES_MAX_AGE_MS, got ${listMs / 1000} together`);
  } else if (comparable('EVICTION_GRACE_S') && values.EVICTION_GRACE_S <= leastGraceMs) {
    mistakes.push(
      `EVICTION_GRACE_S: expected more than ${leastGraceMs / 1000} (PROXY_CACHE_S, ENGINES_MAX_AGE_MS and ` +
        `${LAG_ALLOWED_MS / 1000} s more), got ${values.EVICTION_GRACE_S / 1000}; a proxy could still choose an engine that is stopped`,
    );
  }
}

function checkReplicas({ values, mistakes, comparable }: Reading): void {
  const most = values.MAX_ACTIVE_REPLICAS < values.MAX_REPLICAS ? 'MAX_ACTIVE_REPLICAS' : 'MAX_REPLICAS';
  if (comparable('MIN_REPLICAS', 'MAX_REPLICAS', 'MAX_ACTIVE_REPLICAS') && values.MIN_REPLICAS > values[most])
    mistakes.push(`MIN_REPLICAS: expected at most ${most} (${values[most]}), got ${values.MIN_REPLICAS}`);
}

function checkListeners({ values, mistakes, comparable }: Reading, parts: readonly Part[]): void {
  const listening = listeners(values, parts).filter(({ name }) => comparable(name));
  for (const [i, { name, port, host }] of listening.entries()) {
    const other = listening.slice(0, i).find((before) => before.port === port && mayConflict(before.host, host));
    if (other) mistakes.push(`${name}: expected another port than ${other.name}, got ${port} for both`);
  }
}

interface Listener {
  readonly name: keyof Variables;
  readonly port: number;
  readonly host: string;
}

/** The addresses where these parts of Portward listen. */
function listeners(values: Variables, parts: readonly Part[]): Listener[] {
  const api: Listener[] = [{ name: 'APP_PORT', port: values.APP_PORT, host: values.APP_HOST }];
  const metrics: Listener[] = [
    { name: 'PORTWARD_METRICS_PORT', port: values.PORTWARD_METRICS_PORT, host: values.PORTWARD_METRICS_HOST },
  ];
  const embeddedServer: Listener[] = [
    { name: 'PORTWARD_TEMPORAL_PORT', port: values.PORTWARD_TEMPORAL_PORT, host: '127.0.0.1' },
    { name: 'PORTWARD_TEMPORAL_UI_PORT', port: values.PORTWARD_TEMPORAL_UI_PORT, host: '127.0.0.1' },
  ];
  return [
    ...(parts.includes('api') ? api : []),
    ...(parts.includes('worker') && values.PORTWARD_METRICS_PORT !== 0 ? metrics : []),
    ...(parts.includes('worker') && values.TEMPORAL_ADDRESS === undefined ? embeddedServer : []),
  ];
}

/** Whether two listeners on the same port conflict at these addresses. */
function mayConflict(one: string, other: string): boolean {
  const everywhere = ['0.0.0.0', '::'];
  return one === other || everywhere.includes(one) || everywhere.includes(other);
}
