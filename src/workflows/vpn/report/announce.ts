import { log } from '@temporalio/workflow';
import type { Instant } from '../../../domain/engine';
import type { Replacement, Target } from '../../../domain/replacement';
import type { BreakerKey } from '../../../domain/vpn/breaker';
import { isStorm, nextAct } from '../decide/recurrence';
import { VPN_RESTARTS_AT_MOST, type Remedy } from '../decide/remedies';
import type { VpnData } from '../data';
import type { Effect } from '../act/effect';
import type { PortChange } from '../observe/accept';

// The lines that a VPN's workflow writes to the log. Users know some of them by their texts.

export function announceChange(name: string, { from, to }: PortChange, data: VpnData): void {
  log.warn(`[${name}] VPN '${name}' forwarded port changed from ${from} to ${to}`, { event: 'port changed', from, to });
  const { longestSpacingMs } = data.settings;
  const next = nextAct(data.portChanges, longestSpacingMs);
  if (next <= Date.now() || !isStorm(data.portChanges, longestSpacingMs, Date.now())) return;
  const seconds = Math.ceil((next - Date.now()) / 1000);
  log.warn(
    `[${name}] VPN '${name}' keeps changing its port: the next engine is not brought up for ${seconds} s, the present one stays as not forwarded`,
    { event: 'port unstable', seconds },
  );
}

/** What of a replacement's work has come to its end. */
export function announceEnd(name: string, { id, number, old, target, startedAt }: Replacement): void {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  const what = target === null ? 'Removal' : old.length === 0 ? 'Provisioning' : 'Replacement';
  log.info(`[${name}] ${what} ${number} complete after ${seconds} s`, {
    event: 'replacement ended',
    replacement: id,
    seconds: Number(seconds),
  });
}

/** A port that could not be read, or was lost, is there again. */
export function announcePortBack(name: string, before: VpnData, { port }: VpnData): void {
  if (port.last === null || port.knownSince === null) return;
  const { portLost, port: former } = before;
  const since = portLost?.since ?? former.unknownSince;
  if (since === null) return;
  const seconds = Math.max(0, Math.round((Date.now() - since) / 1000));
  const event = { port: port.last, seconds };
  if (portLost === null) {
    log.info(`[${name}] The forwarded port can be read again after ${seconds} s: ${port.last}`, {
      event: 'port known again',
      ...event,
    });
    return;
  }
  const as = port.last === portLost.port ? 'the same as before' : `before it was ${portLost.port}`;
  log.info(`[${name}] VPN '${name}' has a forwarded port again after ${seconds} s: ${port.last}, ${as}`, {
    event: 'port restored',
    ...event,
  });
}

/** A VPN that is well again; its engines are replaced only where that is set. */
export function announceReconnect(name: string, before: VpnData, data: VpnData): void {
  const { reconnectedAt, reconnects, settings } = data;
  if (reconnectedAt === null || reconnectedAt === before.reconnectedAt) return;
  if (before.outageSince === null)
    log.warn(
      `[${name}] VPN '${name}' has reconnected inside its container: connections of its engines are dead${settings.replaceOnReconnect ? ', one after the other is replaced' : ''}`,
      { event: 'VPN reconnected' },
    );
  if (!settings.replaceOnReconnect) return;
  const next = nextAct(reconnects, settings.longestSpacingMs);
  if (next <= Date.now() || !isStorm(reconnects, settings.longestSpacingMs, Date.now())) return;
  const seconds = Math.ceil((next - Date.now()) / 1000);
  log.warn(`[${name}] VPN '${name}' keeps losing its health: its engines are not replaced for ${seconds} s`, {
    event: 'health unstable',
    seconds,
  });
}

export function announceBreaker(name: string, { role, kind }: BreakerKey, data: VpnData): void {
  const { failures } = data.breakers[role][kind];
  const seconds = Math.round(data.settings.breakers[kind].recoveryMs / 1000);
  log.error(
    `[${name}] Circuit breaker (${kind}) open: ${failures} engines in a row could not be brought up, all of them ${role}; the next such engine is tried in ${seconds} s, or when the breaker is reset`,
    { event: 'circuit breaker open', kind, role, failures },
  );
}

function announceRemedy(name: string, { kind, reason, startedAt }: Remedy, data: VpnData): void {
  const event = { event: 'remedy', kind };
  const since = (from: Instant | null) => `${Math.round((startedAt - (from ?? startedAt)) / 1000)} s`;
  if (reason === 'control server hangs') {
    log.warn(
      `[${name}] VPN '${name}' has no forwarded port and its control server hangs - restarting its container`,
      event,
    );
  } else if (reason === 'unhealthy') {
    log.warn(
      `[${name}] VPN '${name}' has been unhealthy for ${since(data.outageSince)} - restarting its container`,
      event,
    );
  } else {
    const count = `${data.remedies.vpnRestarts} of ${VPN_RESTARTS_AT_MOST}`;
    log.warn(
      `[${name}] VPN '${name}' has had no forwarded port for ${since(data.port.noneSince)} - restarting the VPN inside its container (${count})`,
      event,
    );
  }
}

function portsInWords({ p2pPort, httpPort }: Target): string {
  return p2pPort === null ? `HTTP port ${httpPort}` : `port ${p2pPort}, HTTP port ${httpPort}`;
}

export function announce(name: string, effect: Effect, data: VpnData): void {
  if (effect.kind === 'remedy') {
    announceRemedy(name, effect.remedy, data);
    return;
  }
  if (effect.kind === 'hold' || effect.kind === 'draining' || effect.kind === 'leave') return;
  const { replacement } = effect;
  const ids = { event: 'replacement', replacement: replacement.id };
  if (effect.kind === 'abandon') {
    log.warn(`[${name}] Giving up ${replacement.made?.name ?? 'an engine'}, which does not answer yet`, ids);
    return;
  }
  if (effect.kind === 'retarget') {
    log.info(`[${name}] Replacement ${replacement.number} retargeted to ${portsInWords(effect.target)}`, ids);
    return;
  }
  const { cause, reason, oldPort, target, old } = replacement;
  if (cause === 'port changed') {
    log.warn(
      `[${name}] VPN '${name}' port changed from ${oldPort ?? 'unknown'} to ${target?.p2pPort} - replacing forwarded engine`,
      ids,
    );
  } else if (old.length > 0) {
    const what = target ? 'Replacing' : 'Removing';
    log.warn(
      `[${name}] ${what} engine ${old.map((e) => e.name).join(', ')}: ${cause}${reason === null ? '' : ` (${reason})`}`,
      ids,
    );
  } else {
    log.info(`[${name}] Provisioning ${target?.role} engine: ${cause}`, ids);
  }
}
