import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from 'node:http';
import { keptConnections, openGet } from '../simulator/http-get';
import { decodeEngines, type ProxyEngine } from '../simulator/proxy-engine';
import { progress } from './progress';
import type { Row } from './row';
import { Site } from './site';

const ENGINES_A_VPN = 2;
const PORT_STEP = 1_000;
const ASK_EVERY_MS = 10;
const ANSWER_LIMIT_MS = 5_000;
const WHOLE_LIMIT_MS = 120_000;
const WRONG_TOLD_AT_MOST = 20;
/** No proxy here keeps a list, so the grace may be short. Portward must not wait between changes that are so frequent. */
const ENV = { PROXY_CACHE_S: '0', EVICTION_GRACE_S: '0.7', PORT_CHANGE_SPACING_MAX_S: '0' };

type End = 'SIGTERM' | 'SIGKILL';

interface Answer {
  readonly status: number;
  readonly isStale: boolean;
  readonly engines: readonly ProxyEngine[];
}

/** The results of one restart. Times are ms since the start of the new process. */
interface Times {
  /** The first answer with a list, also a stale one. */
  readonly list: number;
  /** The first answer with a fresh list. */
  readonly fresh: number;
  readonly wrong: readonly string[];
  readonly answers: number;
}

/** Portward ends, half of the ports change while it is away, and it starts again. */
export async function restartRows(restarts: number): Promise<Row[]> {
  return [...(await restartsOf(2, restarts)), ...(await restartsOf(10, restarts))];
}

async function restartsOf(vpns: number, restarts: number): Promise<Row[]> {
  const engines = vpns * ENGINES_A_VPN;
  const site = await Site.openSimulated({ vpns, engines, engineStartupMs: 200, hints: false, env: ENV });
  const ports = new Map(site.vpns.map((vpn, i) => [vpn.name, site.portOf(i)]));
  const agent = keptConnections();
  const times: Record<End, Times[]> = { SIGTERM: [], SIGKILL: [] };
  try {
    for (let n = 0; n < restarts; n++) {
      const end: End = n % 2 === 0 ? 'SIGTERM' : 'SIGKILL';
      const found = await restart(site, { n, end, ports, agent });
      times[end].push(found);
      progress(
        `${vpns} VPNs, restart ${n + 1} of ${restarts}, ${end}: a list after ${ms(found.list)}, the true one after ${ms(found.fresh)}`,
      );
      for (const what of found.wrong) progress(`UNTRUE: ${what}`);
      await site.untilQuiet();
    }
  } finally {
    agent.destroy();
    await site.close();
  }
  const all = [...times.SIGTERM, ...times.SIGKILL];
  const what = `restart of ${vpns} VPNs, half with another port`;
  return [
    ...(['SIGTERM', 'SIGKILL'] as const).flatMap((end): Row[] => [
      {
        what: `${what}, ${end} → a list, marked stale`,
        unit: 'ms',
        values: times[end].map((t) => t.list),
        bound: atMost(1_000),
      },
      { what: '  → the true list', unit: 'ms', values: times[end].map((t) => t.fresh), bound: atMost(3_000) },
    ]),
    {
      what: `  untrue answers, of ${all.reduce((sum, t) => sum + t.answers, 0)}`,
      unit: 'answers',
      values: [all.reduce((sum, t) => sum + t.wrong.length, 0)],
      bound: { of: 'max', is: 'at most', value: 0 },
    },
  ];
}

async function restart(
  site: Site,
  { n, end, ports, agent }: { n: number; end: End; ports: Map<string, number>; agent: Agent },
): Promise<Times> {
  const { portward } = site;
  await (end === 'SIGTERM' ? portward.stop() : portward.kill('SIGKILL'));
  const changing = site.vpns.filter((_, i) => (i + n) % 2 === 0);
  for (const { name } of changing) ports.set(name, next(ports.get(name) ?? 0));
  await Promise.all(changing.map((vpn) => vpn.changePort(ports.get(vpn.name) ?? 0)));
  const wrong: string[] = [];
  let answers = 0;
  let list: number | null = null;
  let fresh: number | null = null;
  const begun = performance.now();
  portward.launch();
  for (;;) {
    const answer = await ask(`${portward.url}/engines`, agent).catch(() => null);
    const at = performance.now() - begun;
    if (answer?.status === 200) {
      answers++;
      list ??= at;
      if (!answer.isStale) fresh ??= at;
      if (wrong.length < WRONG_TOLD_AT_MOST)
        wrong.push(...untrue(answer, ports).map((what) => `after ${ms(at)}: ${what}`));
      if (fresh !== null && isWhole(answer, ports)) return { list, fresh, wrong, answers };
    }
    if (at > WHOLE_LIMIT_MS)
      throw new Error(`expected within ${ms(WHOLE_LIMIT_MS)}: all engines listed\n${portward.lastLines()}`);
    await sleep(ASK_EVERY_MS);
  }
}

/** The untrue statements of an answer: a wrong forwarded port, or a VPN without its plain engine, which no port change concerns. */
function untrue({ engines, isStale }: Answer, ports: ReadonlyMap<string, number>): string[] {
  const marked = isStale ? ', marked stale' : '';
  return [...ports].flatMap(([vpn, port]) => {
    const own = engines.filter((e) => e.vpn_container === vpn);
    const lacking = own.some((e) => typeof e.p2p_port !== 'number')
      ? []
      : [`no plain engine of ${vpn} in a list of ${engines.length}${marked}`];
    const forwarded = own.filter((e) => e.forwarded === true && e.p2p_port !== port);
    return [
      ...lacking,
      ...forwarded.map((e) => `${e.container_name} forwarded on port ${e.p2p_port} instead of ${port}${marked}`),
    ];
  });
}

function isWhole({ engines, isStale }: Answer, ports: ReadonlyMap<string, number>): boolean {
  const isForwarded = ([vpn, port]: readonly [string, number]) =>
    engines.some((e) => e.vpn_container === vpn && e.forwarded === true && e.p2p_port === port);
  return !isStale && engines.length === ports.size * ENGINES_A_VPN && [...ports].every(isForwarded);
}

/** The other one of the VPN's two ports. */
function next(port: number): number {
  return Math.floor(port / PORT_STEP) % 2 === 0 ? port + PORT_STEP : port - PORT_STEP;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function ask(url: string, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = openGet(url, { agent }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        const isStale = headers['x-portward-stale'] !== undefined;
        resolve({ status, isStale, engines: status === 200 ? decodeEngines(body) : [] });
      });
    });
    const giveUp = setTimeout(() => asked.destroy(new Error('no answer')), ANSWER_LIMIT_MS);
    asked.on('error', reject);
    asked.on('close', () => clearTimeout(giveUp));
  });
}

function atMost(value: number): Row['bound'] {
  return { of: 'median', is: 'at most', value };
}
