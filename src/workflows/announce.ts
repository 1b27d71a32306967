import { log } from '@temporalio/workflow';
import type { Effect, PortChange } from './vpn-state';

// The lines that a VPN's workflow writes to the log. Users know some of them by their texts.

/** Said once when it comes up and once when it is over. */
export function announceProblem(name: string, told: string | null, problem: string | null): string | null {
  if (problem === told) return told;
  if (problem !== null) log.warn(`[${name}] ${problem}`, { event: 'problem' });
  else log.info(`[${name}] All is well again (was: ${told})`, { event: 'problem over' });
  return problem;
}

export function announceChange(name: string, { from, to }: PortChange): void {
  log.warn(`[${name}] VPN '${name}' forwarded port changed from ${from} to ${to}`, { event: 'port changed', from, to });
}

export function announce(name: string, effect: Effect): void {
  const { replacement } = effect;
  const ids = { event: 'replacement', replacement: replacement.id };
  if (effect.kind === 'retarget') {
    log.info(
      `[${name}] Replacement ${replacement.number} retargeted to port ${effect.target.p2pPort ?? effect.target.httpPort}`,
      ids,
    );
    return;
  }
  const { cause, oldPort, target, old } = replacement;
  if (cause === 'port changed') {
    log.warn(
      `[${name}] VPN '${name}' port changed from ${oldPort ?? 'unknown'} to ${target?.p2pPort} - replacing forwarded engine`,
      ids,
    );
  } else if (old.length > 0) {
    const what = target ? 'Replacing' : 'Removing';
    log.warn(`[${name}] ${what} engine ${old.map((e) => e.name).join(', ')}: ${cause}`, ids);
  } else {
    log.info(`[${name}] Provisioning ${target?.role} engine: ${cause}`, ids);
  }
}
