import { InvalidArgumentError, type Command } from 'commander';
import { call } from '../api';
import { apiCommand, type ApiCommandOptions } from '../api-command';
import type { Terminal } from '../terminal';
import { counted } from '../words';

export function addScale(program: Command, terminal: Terminal): void {
  apiCommand(program, 'scale', 'sets the number of engines over all VPNs')
    .argument('<engines>', 'from MIN_REPLICAS to MAX_REPLICAS; no stream is cut off', wholeNumber)
    .action(async (engines: number, options: ApiCommandOptions) => {
      const scaled = await call<{ scaled_to: number }>(options, `/scale/${engines}`, { method: 'POST' });
      if (options.json) {
        terminal.json(scaled);
        return;
      }
      const least = scaled.scaled_to > engines ? `; MIN_REPLICAS allows no fewer` : '';
      terminal.print(`Portward keeps ${counted(scaled.scaled_to, 'engine')} from now on${least}.`);
    });
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}
