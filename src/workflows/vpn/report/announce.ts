import { log } from '@temporalio/workflow';
import type { Instant } from '../../../domain/engine';
import type { Replacement, Target } from '../../../domain/replacement';
import { isStorm, nextAct, type Backoff } from '../decide/backoff';
import { VPN_RESTARTS_AT_MOST, type Remedy } from '../decide/remedies';
import type { VpnData } from '../data';
import type { VpnEvent } from '../events';

// Log lines for a VPN's events. Users search logs for the texts of some of them.

type Of<Kind extends VpnEvent['kind']> = Extract<VpnEvent, { kind: Kind }>;

/** @param data the state after the event */
export function announce(name: string, event: VpnEvent, data: VpnData, now: Instant): void {
  switch (event.kind) {
    case 'port changed':
      return portChanged(name, event, data, now);
    case 'port restored':
      return portRestored(name, event);
    case 'port readable again':
      return portReadableAgain(name, event);
    case 'VPN reconnected':
      return reconnected(name, event, data, now);
    case 'engine ready':
      return engineReady(name, event, now);
    case 'replacement begun':
      return begun(name, event.replacement);
    case 'replacement retargeted':
      return retargeted(name, event);
    case 'engine given up':
      return givenUp(name, event.replacement);
    case 'replacement completed':
      return completed(name, event.replacement, now);
    case 'breaker opened':
      return breakerOpened(name, event, data);
    case 'remedy begun':
      return remedyBegun(name, event.remedy, data);
    case 'remedy ended':
      return remedyEnded(name, event);
    default:
  }
}

function portChanged(name: string, { from, to }: Of<'port changed'>, data: VpnData, now: Instant): void {
  log.warn(`[${name}] VPN '${name}' forwarded port changed from ${from} to ${to}`, { event: 'port changed', from, to });
  const seconds = pauseOf(data.portChanges, data, now);
  if (seconds === null) return;
  log.warn(
    `[${name}] VPN '${name}' keeps changing its port: the next engine is not brought up for ${seconds} s, the present one stays as not forwarded`,
    { event: 'port unstable', seconds },
  );
}

/** Seconds until the backoff allows the next replacement; null: it allows one now. */
function pauseOf(backoff: Backoff, { settings }: VpnData, now: Instant): number | null {
  const next = nextAct(backoff, settings.longestBackoffMs);
  if (next <= now || !isStorm(backoff, settings.longestBackoffMs, now)) return null;
  return Math.ceil((next - now) / 1000);
}

function portRestored(name: string, { from, port, lostForMs }: Of<'port restored'>): void {
  const seconds = Math.round(lostForMs / 1000);
  const as = port === from ? 'the same as before' : `before it was ${from}`;
  log.info(`[${name}] VPN '${name}' has a forwarded port again after ${seconds} s: ${port}, ${as}`, {
    event: 'port restored',
    port,
    seconds,
  });
}

function portReadableAgain(name: string, { port, unreadableForMs }: Of<'port readable again'>): void {
  const seconds = Math.round(unreadableForMs / 1000);
  log.info(`[${name}] The forwarded port can be read again after ${seconds} s: ${port}`, {
    event: 'port known again',
    port,
    seconds,
  });
}

/** The VPN has reconnected; its engines are replaced only where the settings say so. */
function reconnected(name: string, { afterOutage }: Of<'VPN reconnected'>, data: VpnData, now: Instant): void {
  const { replaceOnReconnect } = data.settings;
  if (!afterOutage)
    log.warn(
      `[${name}] VPN '${name}' has reconnected inside its container: connections of its engines are dead${replaceOnReconnect ? ', one after the other is replaced' : ''}`,
      { event: 'VPN reconnected' },
    );
  const seconds = replaceOnReconnect ? pauseOf(data.reconnects, data, now) : null;
  if (seconds === null) return;
  log.warn(`[${name}] VPN '${name}' keeps losing its health: its engines are not replaced for ${seconds} s`, {
    event: 'health unstable',
    seconds,
  });
}

function engineReady(name: string, { engine, replacement }: Of<'engine ready'>, now: Instant): void {
  const seconds = ((now - replacement.startedAt) / 1000).toFixed(1);
  const what =
    engine.role === 'forwarded'
      ? `Forwarded engine ${engine.name} is ready on port ${engine.p2pPort}`
      : `Engine ${engine.name} is ready`;
  log.info(`[${name}] ${what}, ${seconds} s after the decision (${replacement.cause})`, {
    event: 'engine ready',
    replacement: replacement.id,
    engine: engine.id,
    port: engine.p2pPort,
    seconds: Number(seconds),
  });
}

function begun(name: string, { id, cause, reason, oldPort, target, old }: Replacement): void {
  const ids = { event: 'replacement', replacement: id };
  if (cause === 'port changed') {
    log.warn(
      `[${name}] VPN '${name}' port changed from ${oldPort ?? 'unknown'} to ${target?.p2pPort} - replacing forwarded engine`,
      ids,
    );
  } else if (old.length > 0) {
    const what = target ? 'Replacing' : 'Removing';
    log.warn(
      `[${name}] ${what} engine ${old.map((e) => e.name).join(', ')}: ${cause}${reason ? ` (${reason})` : ''}`,
      ids,
    );
  } else {
    log.info(`[${name}] Provisioning ${target?.role} engine: ${cause}`, ids);
  }
}

function retargeted(name: string, { replacement, target }: Of<'replacement retargeted'>): void {
  log.info(`[${name}] Replacement ${replacement.number} retargeted to ${portsInWords(target)}`, {
    event: 'replacement',
    replacement: replacement.id,
  });
}

function portsInWords({ p2pPort, httpPort }: Target): string {
  return p2pPort === null ? `HTTP port ${httpPort}` : `port ${p2pPort}, HTTP port ${httpPort}`;
}

function givenUp(name: string, { id, made }: Replacement): void {
  log.warn(`[${name}] Giving up ${made?.name ?? 'an engine'}, which does not answer yet`, {
    event: 'replacement',
    replacement: id,
  });
}

function completed(name: string, { id, number, old, target, startedAt }: Replacement, now: Instant): void {
  const seconds = ((now - startedAt) / 1000).toFixed(1);
  const what = target === null ? 'Removal' : old.length === 0 ? 'Provisioning' : 'Replacement';
  log.info(`[${name}] ${what} ${number} complete after ${seconds} s`, {
    event: 'replacement ended',
    replacement: id,
    seconds: Number(seconds),
  });
}

function breakerOpened(name: string, { key: { role, kind }, failures }: Of<'breaker opened'>, data: VpnData): void {
  const seconds = Math.round(data.settings.breakers[kind].recoveryMs / 1000);
  log.error(
    `[${name}] Circuit breaker (${kind}) open: ${failures} engines in a row could not be brought up, all of them ${role}; the next such engine is tried in ${seconds} s, or when the breaker is reset`,
    { event: 'circuit breaker open', kind, role, failures },
  );
}

function remedyBegun(name: string, { kind, reason, startedAt }: Remedy, data: VpnData): void {
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

function remedyEnded(name: string, { remedy: { kind }, failure, needed }: Of<'remedy ended'>): void {
  if (failure?.kind === 'VPN stopped') {
    log.warn(`[${name}] VPN '${name}' is left alone: ${failure.message}`, { event: 'remedy ended', kind });
  } else if (failure) {
    log.error(`[${name}] VPN '${name}' could not be restarted: ${failure.message}`, { event: 'remedy failed', kind });
  } else {
    log.info(`[${name}] VPN '${name}' ${needed ? 'was restarted' : 'did not need to be restarted any more'}`, {
      event: 'remedy ended',
      kind,
    });
  }
}
