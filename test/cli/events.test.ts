import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../simulator/until';
import { typed, TypedTerminal } from './typed';

// Runs `portward events` against a server that sends what the test wants, disappears and comes back.

class Feed {
  readonly askedFrom: (string | undefined)[] = [];
  private readonly open = new Set<ServerResponse>();
  private server: Server | null = null;
  private port = 0;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      this.askedFrom.push(request.headers['last-event-id'] as string | undefined);
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.write('retry: 2000\nid: gluetun=a.1\n\n');
      this.open.add(response);
    });
    await new Promise<void>((up) => this.server?.listen(this.port, '127.0.0.1', up));
    ({ port: this.port } = this.server.address() as AddressInfo);
    return `http://127.0.0.1:${this.port}`;
  }

  write(text: string): void {
    for (const response of this.open) response.write(text);
  }

  tell(id: string, event: string, data: object): void {
    this.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async stop(): Promise<void> {
    this.open.clear();
    this.server?.closeAllConnections();
    await new Promise((closed) => this.server?.close(closed));
  }
}

let feed: Feed;
let terminal: TypedTerminal;
let listening: Promise<string>;

async function listen(...args: string[]): Promise<void> {
  feed = new Feed();
  terminal = new TypedTerminal();
  listening = typed(['events', '--url', await feed.start(), ...args], terminal);
  await until('a listener', async () => feed.askedFrom.length === 1);
}

/** Acts like Ctrl-C; jest itself does not listen to it while a test runs here. */
async function interrupt(): Promise<string> {
  process.emit('SIGINT');
  const printed = await listening;
  expect(terminal.err.lines.at(-1)).toMatch(/^(Listening|Portward answers again)/);
  await feed.stop();
  return printed;
}

const time = '2026-01-02T03:04:05.000Z';
const engine = { container_name: 'acestream_fwd_1', p2p_port: 40_648, cause: 'port changed' };

test('each event is a line of text until Ctrl-C, in whatever pieces it arrives', async () => {
  await listen();
  feed.tell('gluetun=a.2', 'port_changed', { time, vpn: 'gluetun', from: 65_290, to: 40_648 });
  feed.write('id: gluetun=a.3\nevent: port_lo');
  await until('the first event', async () => terminal.out.lines.length === 1);
  feed.write(`st\ndata: {"time":"${time}","vpn":"gluetun","port":40648}\n`);
  feed.write('\n: keep-alive\n\n');
  feed.tell('gluetun=a.4', 'engine_ready', { time, vpn: 'gluetun', ...engine });
  feed.tell('gluetun=a.5', 'vpn_health', { time, vpn: 'gluetun', healthy: false });
  feed.tell('gluetun=a.6', 'something_new', { time, vpn: 'gluetun', how: 'well' });
  await until('five events', async () => terminal.out.lines.length === 5);
  const said = (await interrupt()).split('\n').map((line) => line.replace(/^.* {2}gluetun {2}/, ''));
  expect(said).toEqual([
    'port changed: 65290 → 40648',
    'port 40648 is lost',
    'engine acestream_fwd_1 on port 40648 answers and is listed',
    'not healthy: its engines are hidden',
    'something_new {"how":"well"}',
    '',
  ]);
});

test('with --json and --vpn each line is an object, of that VPN only', async () => {
  await listen('--json', '--vpn', 'gluetun2');
  feed.tell('x=a.2', 'port_lost', { time, vpn: 'gluetun', port: 1 });
  feed.tell('x=a.3', 'port_lost', { time, vpn: 'gluetun2', port: 2 });
  await until('an event', async () => terminal.out.lines.length > 0);
  expect(JSON.parse(await interrupt())).toEqual({ event: 'port_lost', time, vpn: 'gluetun2', port: 2 });
});

test('a Portward that does not answer is reported once, and asked for the missed events when it is back', async () => {
  await listen();
  feed.tell('gluetun=a.7', 'port_lost', { time, vpn: 'gluetun', port: 1 });
  await until('the event', async () => terminal.out.lines.length === 1);
  await feed.stop();
  await until('a note about it', async () => terminal.err.text.includes('Portward does not answer'));
  await feed.start();
  await until('another request', async () => feed.askedFrom.length === 2);
  expect(feed.askedFrom[1]).toBe('gluetun=a.7');
  await until('a note about it', async () => terminal.err.text.includes('answers again'));
  expect(terminal.err.text.split('does not answer')).toHaveLength(2);
  await interrupt();
});

test('it fails if no Portward answers at first', async () => {
  await expect(typed(['events', '--url', 'http://127.0.0.1:9'])).rejects.toThrow(/No Portward answers/);
});
