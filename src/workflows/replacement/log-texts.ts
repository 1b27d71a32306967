import type { EngineRef } from '../../domain/engine';
import type { Cause, Target } from '../../domain/replacement';
import { breakerKind } from '../vpn/decide/breaker';

/** Users search logs for the text for forwarded engines. */
export function triggered(cause: Cause, { role, p2pPort }: Target): string {
  const isForwarded = role === 'forwarded';
  const isReplacement = breakerKind(cause) === 'replacement';
  const who = isReplacement && isForwarded ? 'autoscaler will' : 'will';
  const what = `${isForwarded ? 'Forwarded engine' : 'Engine'} ${isReplacement ? 'replacement' : 'provisioning'}`;
  const onPort = p2pPort === null ? '' : ` with port ${p2pPort}`;
  return `${what} triggered - ${who} provision new engine${onPort}`;
}

export function stopping(cause: Cause, engine: EngineRef): string {
  const state = STATE_OF_THE_DEAD[cause];
  if (state !== undefined) return `Removing ${nameOf(engine)}, which ${state}`;
  return `Stopping ${nameOf(engine)} due to ${REASONS[cause] ?? cause}`;
}

export function stopped(cause: Cause, engine: EngineRef): string {
  return `Successfully ${STATE_OF_THE_DEAD[cause] === undefined ? 'stopped' : 'removed'} ${nameOf(engine)}`;
}

function nameOf({ role, name }: EngineRef): string {
  return `${role === 'forwarded' ? 'forwarded engine' : 'engine'} ${name}`;
}

/** Causes for which the engine has ended already, so that it is only removed. */
const STATE_OF_THE_DEAD: Partial<Record<Cause, string>> = {
  'engine died': 'has died',
  'engine missing': 'is missing',
};

const REASONS: Partial<Record<Cause, string>> = {
  'port changed': 'port change',
  forced: 'forced replacement',
  'VPN restarted': "the VPN's restart",
  'VPN reconnected': "the VPN's reconnection",
  'engine unhealthy': 'an API that does not answer',
  removed: 'a request to remove it',
};
