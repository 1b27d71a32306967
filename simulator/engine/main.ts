// The program of a simulated AceStream engine container. It runs as PID 1, where a signal without a handler does nothing.
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { envNumber } from '../inside/env-number';
import { logLine } from '../inside/log-line';
import { createEngineApi } from './api';
import { listening } from './listening';
import { portsGiven } from './ports-given';
import { parseStopBehaviour } from './stop-behaviour';

const { env } = process;
const ports = portsGiven(env, process.argv.slice(2));
const stop = parseStopBehaviour(env.STOP_BEHAVIOUR);
const startedAt = Date.now();

function onStopSignal(signal: NodeJS.Signals): void {
  logLine(`caught ${signal}: ${env.STOP_BEHAVIOUR ?? 'prompt'}`);
  if (stop.kind === 'prompt') process.exit(0);
  if (stop.kind === 'slow') setTimeout(() => process.exit(0), stop.ms);
}
process.on('SIGTERM', onStopSignal);
process.on('SIGINT', onStopSignal);

async function run(): Promise<void> {
  await sleep(envNumber(env, 'STARTUP_MS', 0));
  if (env.EXIT_CODE !== undefined) {
    console.log('simulated engine starts');
    // Docker reads the two streams apart, and in no order.
    await sleep(100);
    console.error(env.LAST_LINE ?? 'simulated engine gives up');
    process.exitCode = envNumber(env, 'EXIT_CODE', 0);
    return;
  }
  const hang = isOn(env.HANG ?? '');
  const connected = env.CONNECTED === undefined ? null : isOn(env.CONNECTED);
  const { HEALTH_PATH: path } = env;
  const otherProgram = path === undefined ? null : { path, status: envNumber(env, 'HEALTH_STATUS', 200) };
  const parts = { ports, startedAt, hang, connected, stopBehaviour: stop.kind, otherProgram };
  const api = createHttpServer(createEngineApi(parts));
  // The API last: once it answers, the other ports are bound, so a proxy never meets half an engine.
  if (ports.p2p !== null) {
    const peers = createServer((peer) => {
      peer.on('error', () => peer.destroy());
      peer.end(`simulated engine, P2P port ${ports.p2p}\n`);
    });
    await listening(peers, ports.p2p, 'P2P');
  }
  if (ports.https !== null) {
    // Bound and nothing more: there is no certificate, but two engines that share the port must clash here too.
    await listening(
      createServer((client) => client.destroy()),
      ports.https,
      'HTTPS',
    );
  }
  await listening(api, ports.http, 'HTTP');
  logLine(`engine listens: HTTP ${ports.http}, HTTPS ${ports.https ?? '-'}, P2P ${ports.p2p ?? '-'}`);
}

function isOn(text: string): boolean {
  return ['1', 'true', 'on'].includes(text);
}

void run();
