import type { PageEngine } from '../../src/api/page/state';
import { count } from '../logic/format';
import type { Action } from './actions';

// All actions of the page's buttons.

export function replaceEngine(vpn: string, engine: PageEngine | null, streams: number): Action {
  const what = engine?.name ?? 'the forwarded engine';
  const cut = streams === 0 ? 'It has no stream now.' : `${count(streams, 'stream')} on it may be cut off.`;
  return {
    title: `Replace ${what}`,
    warning: `On ${vpn}, ${what} is hidden, a new engine takes its place, and the old one is removed. ${cut}`,
    verb: 'Replace',
    request: {
      method: 'POST',
      path: `/vpns/${encodeURIComponent(vpn)}/replacements`,
      body: { ...(engine?.id ? { engine: engine.id } : {}), reason: 'requested on the page' },
    },
    done: () => `The replacement of ${what} has started`,
  };
}

export function removeEngine(engine: PageEngine, streams: number): Action {
  const cut = streams === 0 ? 'It has no stream now.' : `${count(streams, 'stream')} on it may be cut off.`;
  return {
    title: `Remove ${engine.name}`,
    warning: `${engine.name} is stopped and removed. ${cut} If the VPN then has fewer engines than its target, a new one starts.`,
    verb: 'Remove',
    request: { method: 'DELETE', path: `/containers/${encodeURIComponent(engine.id ?? '')}` },
    done: () => `${engine.name} is being removed`,
  };
}

export function scale(wanted: number, before: number): Action {
  return {
    title: `Set the number of engines to ${wanted}`,
    warning:
      wanted < before ? 'Idle surplus engines are removed after their grace period. No stream is cut off.' : null,
    verb: 'Set',
    request: { method: 'POST', path: `/scale/${wanted}` },
    done: (answer) => `Portward now keeps ${(answer as { scaled_to: number }).scaled_to} engines`,
  };
}

export const collect: Action = {
  title: 'Remove idle engines',
  warning: 'Idle surplus engines are removed now, without their grace period. No stream is cut off.',
  verb: 'Remove them',
  request: { method: 'POST', path: '/gc' },
  done: () => 'Idle surplus engines are being removed',
};

export const resetBreakers: Action = {
  title: 'Reset circuit breakers',
  warning: null,
  verb: 'Reset',
  request: { method: 'POST', path: '/health/circuit-breaker/reset' },
  done: () => 'Circuit breakers are closed, and engines may start again',
};

export function recheck(vpn: string): Action {
  return {
    title: `Check ${vpn} now`,
    warning: null,
    verb: 'Check',
    request: { method: 'POST', path: `/vpns/${encodeURIComponent(vpn)}/recheck` },
    done: () => `${vpn} is being checked`,
  };
}
