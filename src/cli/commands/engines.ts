import type { Command } from 'commander';
import type { EngineJson } from '../../api/schemas/engines';
import { ask } from '../api';
import { apiCommand, type ApiCommandOptions } from '../api-command';
import { table, type Cell } from '../table';
import type { Style, Terminal } from '../terminal';
import { duration } from '../words';

export function addEngines(program: Command, terminal: Terminal): void {
  apiCommand(program, 'engines', 'lists the engines that proxies may use').action(
    async (options: ApiCommandOptions) => {
      const { body, stale } = await ask<EngineJson[]>(options, '/engines');
      if (options.json) terminal.json(body);
      else terminal.print(engineTable(terminal, body) + staleNote(terminal, stale));
    },
  );
}

const HEALTH: Readonly<Record<string, Style>> = { healthy: 'green', unhealthy: 'red' };

export function engineTable(terminal: Terminal, engines: readonly EngineJson[]): string {
  if (engines.length === 0) return 'No engine is listed now.';
  return table(
    terminal,
    ['ENGINE', 'VPN', 'HTTP PORT', 'P2P PORT', 'FORWARDED', 'HEALTH', 'STREAMS', 'UP'],
    engines.map((e): Cell[] => [
      e.container_name ?? e.container_id,
      e.vpn_container ?? '',
      e.port,
      e.p2p_port ?? '–',
      e.forwarded ? { text: 'yes', style: 'green' } : 'no',
      { text: e.health_status, style: HEALTH[e.health_status] ?? 'yellow' },
      e.streams.length,
      duration(Date.now() - Date.parse(e.first_seen)),
    ]),
  );
}

/** A note that the list is stale; empty if it is current. */
export function staleNote(terminal: Terminal, staleSeconds: number | null): string {
  if (staleSeconds === null) return '';
  return `\n${terminal.style('yellow', `This list is ${staleSeconds} s old: the workflows do not answer now.`)}`;
}
