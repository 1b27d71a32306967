import type { Command } from 'commander';
import type { ReplacementJson } from '../../api/schemas/engines';
import { ask } from '../api';
import { apiCommand, type ApiCommandOptions } from '../api-command';
import { table, type Cell } from '../table';
import type { Style, Terminal } from '../terminal';
import { localTime } from '../words';
import { staleNote } from './engines';

export function addReplacements(program: Command, terminal: Terminal): void {
  apiCommand(program, 'replacements <vpn>', "lists a VPN's replacements, the newest first").action(
    async (vpn: string, options: ApiCommandOptions) => {
      const { body, stale } = await ask<ReplacementJson[]>(options, `/vpns/${encodeURIComponent(vpn)}/replacements`);
      if (options.json) terminal.json(body);
      else terminal.print(replacementTable(terminal, body) + staleNote(terminal, stale));
    },
  );
}

const STATE: Readonly<Record<string, Style>> = { completed: 'green', lost: 'red', running: 'yellow' };

function replacementTable(terminal: Terminal, replacements: readonly ReplacementJson[]): string {
  if (replacements.length === 0) return 'No engine of this VPN has been replaced yet.';
  const rows = replacements.map((r): Cell[] => [
    localTime(r.started_at),
    r.cause,
    `${r.old_port ?? '–'} → ${r.new_port ?? '–'}`,
    { text: r.state, style: STATE[r.state] ?? 'yellow' },
    since(r.started_at, r.ready_at),
    since(r.started_at, r.ended_at),
    r.failed_attempts,
    r.new_engine?.container_name ?? '–',
  ]);
  const why = replacements.flatMap((r) =>
    r.last_error === null ? [] : [`${terminal.style('yellow', localTime(r.started_at))}: ${r.last_error}`],
  );
  const head = ['STARTED', 'CAUSE', 'PORT', 'STATE', 'ANSWERS AFTER', 'DONE AFTER', 'FAILED', 'NEW ENGINE'];
  return [table(terminal, head, rows), ...(why.length > 0 ? ['', ...why] : [])].join('\n');
}

function since(from: string, to: string | null): string {
  return to === null ? '–' : `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s`;
}
