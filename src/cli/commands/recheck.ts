import type { Command } from 'commander';
import { call } from '../api';
import { apiCommand, type ApiCommandOptions } from '../api-command';
import type { Terminal } from '../terminal';

export function addRecheck(program: Command, terminal: Terminal): void {
  apiCommand(program, 'recheck <vpn>', "reads a VPN's forwarded port now").action(
    async (vpn: string, options: ApiCommandOptions) => {
      const taken = await call<unknown>(options, `/vpns/${encodeURIComponent(vpn)}/recheck`, { method: 'POST' });
      if (options.json) terminal.json(taken);
      else terminal.print(`Portward looks at ${vpn} now; 'portward status' shows it.`);
    },
  );
}
