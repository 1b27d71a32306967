import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from 'node:http';
import { keptConnections, openGet } from '../simulator/http-get';
import { decodeEngines } from '../simulator/proxy-engine';
import { listedEngine, type Answer } from './checker/facts';
import type { VpnName } from './faults';
import { messageOf } from '../src/lib/errors';

const ASK_EVERY_MS = 30;
/** The API answers within half a second, just after its start within 2.5 s; this is the limit at which the poll gives up. */
const ANSWER_LIMIT_MS = 5_000;
/** They ask in turn, so that a slow answer to one leaves no gap. */
const CLIENTS = 2;

/** Requests `/engines` all the time, as many proxies together do, and reports each outcome. */
export class EnginesPoll {
  asked = 0;
  private readonly agent: Agent = keptConnections();
  private readonly asking: Promise<unknown>;
  private stopping = false;

  constructor(
    private readonly url: string,
    private readonly vpnOf: (container: string) => VpnName | undefined,
    private readonly report: (answer: Answer) => void,
  ) {
    this.asking = Promise.all(Array.from({ length: CLIENTS }, (_, n) => this.ask((n * ASK_EVERY_MS) / CLIENTS)));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.asking;
    this.agent.destroy();
  }

  private async ask(delayMs: number): Promise<void> {
    await sleep(delayMs);
    while (!this.stopping) {
      this.asked++;
      this.report(await this.once());
      await sleep(ASK_EVERY_MS);
    }
  }

  private async once(): Promise<Answer> {
    const sentAt = Date.now();
    let got: { status: number; stale: string | undefined; body: string };
    try {
      got = await get(`${this.url}/engines`, this.agent);
    } catch (error) {
      return { kind: 'answer', sentAt, at: Date.now(), outcome: 'silence', error: messageOf(error) };
    }
    const { status, stale, body } = got;
    const common = { kind: 'answer', sentAt, at: Date.now() } as const;
    try {
      if (status === 503) {
        const { detail } = JSON.parse(body) as { detail?: unknown };
        if (typeof detail === 'string') return { ...common, outcome: 'unavailable', detail };
      }
      if (status !== 200) throw new Error(`GET /engines: expected 200 or 503, found ${status} ${body.slice(0, 300)}`);
      if (stale !== undefined && !/^\d+$/.test(stale))
        throw new Error(`X-Portward-Stale: expected seconds, found ${stale}`);
      const engines = decodeEngines(body).map((engine) => listedEngine(engine, this.vpnOf));
      return { ...common, outcome: 'list', staleSeconds: stale === undefined ? null : Number(stale), engines };
    } catch (error) {
      return { ...common, outcome: 'wrong', error: messageOf(error) };
    }
  }
}

function get(url: string, agent: Agent): Promise<{ status: number; stale: string | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = openGet(url, { agent }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', reject);
      const stale = response.headers['x-portward-stale'];
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, stale: Array.isArray(stale) ? stale.join() : stale, body });
      });
    });
    const giveUp = setTimeout(() => asked.destroy(new Error(`no answer in ${ANSWER_LIMIT_MS} ms`)), ANSWER_LIMIT_MS);
    asked.on('error', reject);
    asked.on('close', () => clearTimeout(giveUp));
  });
}
