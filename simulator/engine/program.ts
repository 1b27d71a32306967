import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { envNumber } from '../inside/env-number';
import { logOf, type Surroundings } from '../inside/surroundings';
import { createEngineApi } from './api';
import { listening } from './listening';
import { portsGiven } from './ports-given';
import { parseStopBehaviour } from './stop-behaviour';

/** A simulated AceStream engine. Resolves when all its ports are bound. */
export async function runEngine(around: Surroundings): Promise<void> {
  const { env, print, exit } = around;
  const logLine = logOf(around);
  const ports = portsGiven(env, [...around.args]);
  const stop = parseStopBehaviour(env.STOP_BEHAVIOUR);
  const startedAt = Date.now();
  around.onStopSignal((signal) => {
    logLine(`caught ${signal}: ${env.STOP_BEHAVIOUR ?? 'prompt'}`);
    if (stop.kind === 'prompt') exit(0);
    if (stop.kind === 'slow') setTimeout(() => exit(0), stop.ms);
  });

  // Outside a real container nothing ends a process that was removed while it starts, so its timer must not keep Node.js running.
  await sleep(envNumber(env, 'STARTUP_MS', 0), undefined, { ref: around.lookup === undefined });
  if (env.EXIT_CODE !== undefined) {
    print('simulated engine starts');
    // Docker reads stdout and stderr separately, so their order is not certain without a pause.
    await sleep(100);
    print(env.LAST_LINE ?? 'simulated engine gives up', 'stderr');
    exit(envNumber(env, 'EXIT_CODE', 0));
    return;
  }
  const hang = isOn(env.HANG ?? '');
  const connected = env.CONNECTED === undefined ? null : isOn(env.CONNECTED);
  const { HEALTH_PATH: path } = env;
  const otherProgram = path === undefined ? null : { path, status: envNumber(env, 'HEALTH_STATUS', 200) };
  const parts = { ports, startedAt, hang, connected, stopBehaviour: stop.kind, otherProgram };
  const api = createHttpServer(createEngineApi(parts, around));
  // The API comes last: when it answers, the other ports are bound.
  if (ports.p2p !== null) {
    const peers = createServer((peer) => {
      peer.on('error', () => peer.destroy());
      peer.end(`simulated engine, P2P port ${ports.p2p}\n`);
    });
    await listening(peers, ports.p2p, 'P2P', around);
  }
  if (ports.https !== null) {
    // Only bound, because there is no certificate. Two engines with the same HTTPS port must collide here as well.
    await listening(
      createServer((client) => client.destroy()),
      ports.https,
      'HTTPS',
      around,
    );
  }
  await listening(api, ports.http, 'HTTP', around);
  logLine(`engine listens: HTTP ${ports.http}, HTTPS ${ports.https ?? '-'}, P2P ${ports.p2p ?? '-'}`);
}

function isOn(text: string): boolean {
  return ['1', 'true', 'on'].includes(text);
}
