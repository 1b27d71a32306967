import type { Command } from 'commander';
import type { EngineJson } from '../../api/schemas/engines';
import type { StreamJson } from '../../api/schemas/streams';
import { ask, call } from '../api';
import { apiCommand, type ApiCommandOptions } from '../api-command';
import { table, type Cell } from '../table';
import type { Terminal } from '../terminal';
import { duration } from '../words';
import { staleNote } from './engines';

export function addStreams(program: Command, terminal: Terminal): void {
  apiCommand(program, 'streams', 'lists streams, with their engines and speeds')
    .option('-a, --all', 'list ended streams too')
    .action(async (options: ApiCommandOptions & { all?: true }) => {
      const path = options.all ? '/streams' : '/streams?status=started';
      const { body: streams, stale } = await ask<StreamJson[]>(options, path);
      if (options.json) {
        terminal.json(streams);
        return;
      }
      const engines = await call<EngineJson[]>(options, '/engines').catch(() => []);
      terminal.print(streamTable(terminal, streams, engines) + staleNote(terminal, stale));
    });
}

function streamTable(terminal: Terminal, streams: readonly StreamJson[], engines: readonly EngineJson[]): string {
  if (streams.length === 0) return 'No stream is reported now.';
  const names = new Map(engines.map((e) => [e.container_id, e.container_name]));
  return table(
    terminal,
    ['CONTENT', 'ENGINE', 'STATUS', 'FOR', 'PEERS', 'DOWN KB/S', 'UP KB/S'],
    streams.map((s): Cell[] => [
      shortened(s.key),
      names.get(s.container_id) ?? s.container_id.slice(0, 12),
      s.status === 'started' ? { text: s.status, style: 'green' } : s.status,
      duration(Date.parse(s.ended_at ?? new Date().toISOString()) - Date.parse(s.started_at)),
      s.peers ?? '–',
      s.speed_down ?? '–',
      s.speed_up ?? '–',
    ]),
  );
}

/** A whole infohash, or the beginning of a magnet link or URL. */
function shortened(key: string): string {
  return key.length <= 40 ? key : `${key.slice(0, 39)}…`;
}
