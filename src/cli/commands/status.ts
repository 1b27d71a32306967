import { InvalidArgumentError, type Command } from 'commander';
import type { EngineJson, VpnJson, VpnStatusJson } from '../../api/schemas/engines';
import type { StreamJson } from '../../api/schemas/streams';
import { ask, call, NoAnswer, type ApiOptions } from '../api';
import { apiCommand, type ApiCommandOptions } from '../api-command';
import { untilInterrupted } from '../interrupt';
import { redraw } from '../redraw';
import { table, type Cell } from '../table';
import type { Style, Terminal } from '../terminal';
import { counted } from '../words';
import { engineTable, staleNote } from './engines';
import { messageOf } from '../../lib/errors';

interface Overview {
  readonly vpns: readonly VpnJson[];
  /** Null if Portward can't list them now; `problem` has the reason. */
  readonly engines: readonly EngineJson[] | null;
  readonly streams: readonly StreamJson[] | null;
  readonly stale_seconds: number | null;
  readonly problem: string | null;
}

export function addStatus(program: Command, terminal: Terminal): void {
  apiCommand(program, 'status', 'shows VPNs, their engines and their problems')
    .option('-w, --watch [seconds]', 'redraw it in the same place, each second or at this interval', seconds)
    .action(async (options: ApiCommandOptions & { watch?: true | number }) => {
      const { watch } = options;
      if (watch === undefined) {
        const found = await overview(options);
        if (options.json) terminal.json(found);
        else terminal.print(shown(terminal, found));
        return;
      }
      const everyMs = watch === true ? 1000 : watch * 1000;
      await untilInterrupted((signal) => redraw(terminal, () => frame(terminal, options), { everyMs, signal }));
    });
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.2 && value <= 3600)) throw new InvalidArgumentError('Expected seconds from 0.2 to 3600.');
  return value;
}

/** A Portward that does not answer for a moment does not end the watch. */
async function frame(terminal: Terminal, options: ApiCommandOptions): Promise<string> {
  try {
    const found = await overview(options);
    return options.json ? JSON.stringify(found) : shown(terminal, found);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return options.json ? JSON.stringify({ problem: error.message }) : terminal.style('red', error.message);
  }
}

async function overview(options: ApiOptions): Promise<Overview> {
  const { vpns } = await call<VpnStatusJson>(options, '/vpn/status');
  try {
    const [engines, streams] = await Promise.all([
      ask<EngineJson[]>(options, '/engines'),
      ask<StreamJson[]>(options, '/streams?status=started'),
    ]);
    return { vpns, engines: engines.body, streams: streams.body, stale_seconds: engines.stale, problem: null };
  } catch (error) {
    const problem = messageOf(error);
    return { vpns, engines: null, streams: null, stale_seconds: null, problem };
  }
}

function shown(terminal: Terminal, found: Overview): string {
  const { vpns, engines, problem } = found;
  const wrong = vpns.flatMap((vpn) => {
    const what = problemOf(vpn);
    return what === null ? [] : [`${terminal.style('yellow', vpn.container_name ?? '')}: ${what}`];
  });
  const parts = [
    terminal.style('bold', atAGlance(found)),
    vpnTable(terminal, vpns),
    ...(wrong.length > 0 ? [wrong.join('\n')] : []),
    problem ?? engineTable(terminal, engines ?? []) + staleNote(terminal, found.stale_seconds),
  ];
  return parts.join('\n\n');
}

/** For example `2 VPNs forwarding, 6 engines, 3 streams`. */
function atAGlance({ vpns, engines, streams }: Overview): string {
  const forwarding = vpns.filter((vpn) => vpn.forwarding === 'forwarded').length;
  const which =
    forwarding === vpns.length ? counted(vpns.length, 'VPN') : `${forwarding} of ${counted(vpns.length, 'VPN')}`;
  const rest = engines === null ? [] : [counted(engines.length, 'engine'), counted(streams?.length ?? 0, 'stream')];
  return [`${which} forwarding`, ...rest].join(', ');
}

function vpnTable(terminal: Terminal, vpns: readonly VpnJson[]): string {
  return table(
    terminal,
    ['VPN', 'HEALTH', 'FORWARDED PORT', 'FORWARDING', 'ENGINES', 'REPLACING'],
    vpns.map((vpn): Cell[] => [
      vpn.container_name ?? '',
      { text: vpn.health, style: HEALTH[vpn.health] ?? 'yellow' },
      vpn.forwarded_port ?? '–',
      { text: vpn.forwarding, style: FORWARDING[vpn.forwarding] ?? 'yellow' },
      vpn.engines,
      vpn.replacements_running,
    ]),
  );
}

const HEALTH: Readonly<Record<string, Style>> = { healthy: 'green', unhealthy: 'red' };
const FORWARDING: Readonly<Record<string, Style>> = { forwarded: 'green', lost: 'red' };

function problemOf(vpn: VpnJson): string | null {
  if (vpn.stale_seconds !== null) return `out of date: its workflow has not answered for ${vpn.stale_seconds} s`;
  return vpn.problem ?? vpn.port_problem;
}
