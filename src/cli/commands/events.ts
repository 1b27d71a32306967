import type { Command } from 'commander';
import { pauseUntil } from '../../lib/pause';
import { NoAnswer, openStream, type ApiOptions } from '../api';
import { apiCommand, type ApiCommandOptions } from '../api-command';
import { serverSentEvents, type ServerSentEvent } from '../event-lines';
import { untilInterrupted } from '../interrupt';
import type { Style, Terminal } from '../terminal';
import { duration, localTime } from '../words';

interface EventOptions extends ApiCommandOptions {
  readonly vpn?: string;
}

export function addEvents(program: Command, terminal: Terminal): void {
  apiCommand(program, 'events', 'shows events as they happen, until Ctrl-C')
    .option('--vpn <name>', 'show the events of this VPN only')
    .action((options: EventOptions) =>
      untilInterrupted(async (signal) => {
        for await (const message of follow(terminal, options, signal)) {
          const data = JSON.parse(message.data) as Event;
          if (options.vpn !== undefined && data.vpn !== options.vpn) continue;
          if (options.json) terminal.json({ event: message.event, ...data });
          else terminal.print(line(terminal, message.event, data));
        }
      }),
    );
}

const COME_BACK_AFTER_MS = 2_000;

/**
 * Reconnects whenever the connection ends, and goes on after the last event.
 * @throws if no Portward answers at first
 */
async function* follow(terminal: Terminal, options: ApiOptions, signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
  let id = '';
  let body = await openStream(options, '/events/stream', {}, signal);
  terminal.say(terminal.style('dim', 'Listening; Ctrl-C ends it.'));
  for (;;) {
    for await (const message of untilBroken(body)) {
      if (message.id !== '') ({ id } = message);
      if (message.event !== '') yield message;
    }
    if (signal.aborted) return;
    terminal.say(terminal.style('yellow', 'Portward does not answer; events go on when it is back.'));
    body = await reopened(options, id, signal);
    terminal.say(terminal.style('dim', 'Portward answers again.'));
  }
}

/** Ends when the connection ends, for whatever reason. */
async function* untilBroken(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  try {
    yield* serverSentEvents(body);
  } catch {
    // The next attempt shows whether Portward answers.
  }
}

async function reopened(options: ApiOptions, id: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  for (;;) {
    await pauseUntil(COME_BACK_AFTER_MS, signal);
    signal.throwIfAborted();
    try {
      return await openStream(options, '/events/stream', id === '' ? {} : { 'Last-Event-ID': id }, signal);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
  }
}

interface Event {
  readonly time: string;
  readonly vpn: string;
  readonly [detail: string]: unknown;
}

const STYLES: Readonly<Record<string, Style>> = {
  port_lost: 'red',
  port_changed: 'cyan',
  port_restored: 'green',
  engine_ready: 'green',
  gap: 'yellow',
};

function line(terminal: Terminal, event: string, data: Event): string {
  const style = event === 'vpn_health' ? (data['healthy'] === true ? 'green' : 'red') : STYLES[event];
  const words = inWords(event, data);
  const shown = style === undefined ? words : terminal.style(style, words);
  return `${terminal.style('dim', localTime(data.time))}  ${data.vpn}  ${shown}`;
}

/** Events of later versions are shown as JSON. */
function inWords(event: string, data: Event): string {
  const port = typeof data['p2p_port'] === 'number' ? ` on port ${data['p2p_port']}` : '';
  const engine = `engine ${String(data['container_name'])}${port}`;
  switch (event) {
    case 'port_changed':
      return `port changed: ${String(data['from'])} → ${String(data['to'])}`;
    case 'port_lost':
      return `port ${String(data['port'])} is lost`;
    case 'port_restored':
      return `port ${String(data['port'])} is there again after ${duration(Number(data['lost_for_seconds']) * 1000)}`;
    case 'vpn_health':
      return data['healthy'] === true ? 'healthy' : 'not healthy: its engines are hidden';
    case 'engine_evicted':
      return `${engine} is hidden: ${String(data['cause'])}`;
    case 'engine_provisioned':
      return `${engine} is created: ${String(data['cause'])}`;
    case 'engine_ready':
      return `${engine} answers and is listed`;
    case 'engine_stopped':
      return `${engine} is stopped and removed`;
    case 'gap':
      return 'some events are missing here: there were more than Portward keeps, or it was restarted';
    default: {
      const { time: _time, vpn: _vpn, ...rest } = data;
      return `${event} ${JSON.stringify(rest)}`;
    }
  }
}
