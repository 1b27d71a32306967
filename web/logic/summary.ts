import type { PageVpn } from '../../src/api/page/state';
import type { EnginePhase } from '../../src/domain/vpn/status-view';
import { count, list } from './format';

// The state of all VPNs in one line, and the state of each VPN in a few words.

export type Tone = 'ok' | 'busy' | 'bad' | 'unknown';

export interface Summary {
  readonly tone: Tone;
  readonly text: string;
}

export interface Word {
  readonly tone: Tone;
  readonly word: string;
  /** An explanation in one sentence. */
  readonly meaning: string;
}

export function summary(vpns: readonly PageVpn[]): Summary {
  if (vpns.length === 0) return { tone: 'unknown', text: 'No data about VPNs yet' };
  const words = vpns.map((vpn) => ({ vpn, word: vpnWord(vpn) }));
  const named = (tone: Tone) => words.filter(({ word }) => word.tone === tone);
  const [bad] = named('bad');
  if (bad && named('bad').length === 1) return { tone: 'bad', text: `${bad.vpn.name}: ${bad.word.word}` };
  if (bad) return { tone: 'bad', text: `${count(named('bad').length, 'VPN')} of ${vpns.length} need attention` };
  const [unknown] = named('unknown');
  if (unknown)
    return { tone: 'unknown', text: `${list(named('unknown').map(({ vpn }) => vpn.name))}: ${unknown.word.word}` };
  const busy = named('busy');
  const facts = [forwarding(vpns), count(listedEngines(vpns), 'engine'), count(runningStreams(vpns), 'stream')];
  if (busy.length === 0) return { tone: 'ok', text: facts.join(', ') };
  const [first] = busy;
  const who = busy.length === 1 && first ? `${first.vpn.name}: ${first.word.word}` : `${busy.length} VPNs are changing`;
  return { tone: 'busy', text: `${who} · ${facts.join(', ')}` };
}

/** The problems of all VPNs, if there are more VPN cards than fit on a screen. */
export function problems(vpns: readonly PageVpn[]): { readonly name: string; readonly problem: string }[] {
  if (vpns.length <= CARDS_ON_A_SCREEN) return [];
  return vpns.flatMap((vpn) => {
    const { tone, meaning } = vpnWord(vpn);
    const problem = vpn.problem ?? meaning;
    return tone === 'bad' && problem !== '' ? [{ name: vpn.name, problem }] : [];
  });
}

const CARDS_ON_A_SCREEN = 3;

function forwarding(vpns: readonly PageVpn[]): string {
  return `${count(vpns.filter((vpn) => vpn.forwarding === 'forwarded').length, 'VPN')} forwarding`;
}

export function listedEngines(vpns: readonly PageVpn[]): number {
  return vpns.reduce((sum, { engines }) => sum + engines.filter((e) => e.phase === 'ready').length, 0);
}

export function runningStreams(vpns: readonly PageVpn[]): number {
  return vpns.reduce((sum, { streams }) => sum + streams.filter((s) => s.endedAt === null).length, 0);
}

const FORWARDING: Readonly<Record<string, Word>> = {
  forwarded: { tone: 'ok', word: 'forwarding', meaning: 'An engine listens on the forwarded port.' },
  replacing: {
    tone: 'busy',
    word: 'replacing its engine',
    meaning: 'A new engine for the forwarded port is starting.',
  },
  lost: { tone: 'bad', word: 'forwarded port lost', meaning: 'The VPN no longer has a forwarded port.' },
  unstable: {
    tone: 'busy',
    word: 'port keeps changing',
    meaning: 'The port changes so often that Portward makes growing pauses between replacements.',
  },
  unknown: { tone: 'unknown', word: 'port unknown', meaning: 'The forwarded port can not be read now.' },
  none: { tone: 'busy', word: 'no port yet', meaning: 'The VPN has no forwarded port yet.' },
};

export function vpnWord(vpn: PageVpn): Word {
  const { health, status, problem, forwarding: state, staleSince } = vpn;
  if (staleSince !== null)
    return {
      tone: 'unknown',
      word: 'out of date',
      meaning: 'This is the last known state. Portward can not tell whether it has changed since.',
    };
  if (status === 'not found') return { tone: 'bad', word: 'container not found', meaning: problem ?? '' };
  if (health === 'unhealthy')
    return { tone: 'bad', word: status === 'running' ? 'unhealthy' : 'not running', meaning: problem ?? '' };
  if (health === 'starting')
    return { tone: 'busy', word: 'starting', meaning: 'The VPN is not healthy yet; its engines are hidden.' };
  if (health === 'unknown')
    return { tone: 'unknown', word: 'unknown', meaning: problem ?? 'Portward has not observed the VPN yet.' };
  const word = FORWARDING[state] ?? { tone: 'unknown', word: state, meaning: '' };
  return problem !== null && word.tone === 'ok' ? { tone: 'busy', word: 'has a problem', meaning: problem } : word;
}

export const phases: readonly { readonly phase: EnginePhase; readonly word: string; readonly meaning: string }[] = [
  { phase: 'ready', word: 'ready', meaning: 'listed for proxies' },
  { phase: 'pending', word: 'pending', meaning: 'starting; does not answer yet' },
  { phase: 'hidden', word: 'hidden', meaning: 'running, but not listed now' },
  { phase: 'draining', word: 'draining', meaning: 'no longer listed; may finish its streams' },
  { phase: 'leaving', word: 'being released', meaning: 'being stopped and removed' },
];

export function phaseWord(phase: EnginePhase): string {
  return phases.find((p) => p.phase === phase)?.word ?? phase;
}
