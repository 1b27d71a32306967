import type { Command } from 'commander';
import type { ReplacementJson } from '../../api/schemas/engines';
import { call } from '../api';
import { apiCommand, type ApiCommandOptions } from '../api-command';
import type { Terminal } from '../terminal';

interface ReplaceOptions extends ApiCommandOptions {
  readonly engine?: string;
  readonly reason?: string;
}

export function addReplace(program: Command, terminal: Terminal): void {
  apiCommand(program, 'replace <vpn>', 'replaces the forwarded engine of a VPN now')
    .option('--engine <id>', 'replace this engine instead, by container id or name')
    .option('--reason <text>', 'a reason, shown in the list of replacements')
    .action(async (vpn: string, options: ReplaceOptions) => {
      const { engine, reason } = options;
      const replacement = await call<ReplacementJson | { id: null; detail: string }>(
        options,
        `/vpns/${encodeURIComponent(vpn)}/replacements`,
        {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ ...(engine ? { engine } : {}), ...(reason ? { reason } : {}) }),
        },
      );
      if (options.json) terminal.json(replacement);
      else if (replacement.id === null) terminal.print(`Pending: ${replacement.detail}`);
      else terminal.print(`Replacing ${replacement.old_engine?.container_name ?? 'engine'}: ${replacement.id}`);
    });
}
