import { httpGet } from '../simulator/http-get';
import { ProxyClient, type StreamOutcome } from '../simulator/proxy-client';
import { StrictProxyClient } from '../simulator/proxy-client-strict';
import { Viewers } from '../simulator/viewers';
import type { Answer, ContainerEvent, Fact, ListedEngine } from './checker/facts';
import { DockerWatch } from './docker-watch';
import { EnginesPoll } from './engines-poll';
import { VPN_NAMES, type EngineRole, type VpnName } from './faults';
import type { GroundTruth } from './ground-truth';
import { Players } from './players';
import type { Site } from './site';
import { VpnWatch } from './vpn-watch';
import { messageOf } from '../src/lib/errors';

export type List = Extract<Answer, { outcome: 'list' }>;

const VIEWERS = 3;
const PROBE_LIMIT_MS = 2_000;

/** Observes a site all the time and passes everything on as facts. */
export class Watch {
  /** The last list that was not marked stale. */
  list: List | null = null;
  /** Viewers with reported streams, while a schedule is played. */
  readonly players: Players;
  private readonly parts: { stop(): Promise<unknown> }[] = [];
  private readonly waiting = new Set<(fact: Fact) => void>();
  private readonly probed = new Set<string>();
  private readonly viewers: Viewers;
  private readonly proxy: ProxyClient;
  private readonly reporting: StrictProxyClient;
  /** Every engine that was ever listed, by id. */
  private readonly known = new Map<string, ListedEngine>();
  private readonly poll: EnginesPoll;

  private constructor(
    private readonly site: Site,
    truth: GroundTruth,
    private readonly onFact: (fact: Fact) => void,
  ) {
    const docker = new DockerWatch(
      site.docker,
      (id, labels) => this.whatIs(id, labels),
      (fact) => this.tell(fact),
    );
    this.opened = docker.open;
    this.poll = new EnginesPoll(site.api.url, site.vpnOf, (answer) => this.take(answer));
    this.proxy = new ProxyClient({
      url: site.api.url,
      addressOf: ({ vpn_container: container }) => this.addressOf(site.vpnOf(container ?? '')),
    });
    this.viewers = new Viewers(this.proxy, (outcome, beganAt) => this.tellStreamFailure(outcome, beganAt));
    this.reporting = new StrictProxyClient({
      url: site.api.url,
      apiKey: '',
      addressOf: (container) => this.addressOf(site.vpnOf(container)),
    });
    this.players = new Players(
      this.reporting,
      (fact) => this.tell(fact),
      (id) => this.known.get(id) ?? null,
    );
    const vpns = VPN_NAMES.map(
      (vpn) => new VpnWatch(vpn, site.vpn(vpn), truth, (order) => this.tell({ kind: 'vpn order', vpn, ...order })),
    );
    this.parts.push(docker, this.poll, ...vpns);
  }

  private readonly opened: Promise<void>;

  static async open(site: Site, truth: GroundTruth, onFact: (fact: Fact) => void): Promise<Watch> {
    const watch = new Watch(site, truth, onFact);
    await watch.opened;
    return watch;
  }

  /** Starts the viewers that keep changing streams. */
  startViewers(): void {
    this.viewers.start(VIEWERS);
  }

  get streams(): number {
    return this.viewers.tally.made;
  }

  get answers(): number {
    return this.poll.asked;
  }

  async stop(): Promise<void> {
    await Promise.all([this.viewers.stop(), this.players.stop(), ...this.parts.map((part) => part.stop())]);
    this.proxy.close();
    await this.reporting.close();
  }

  tell(fact: Fact): void {
    this.onFact(fact);
    for (const waiter of this.waiting) waiter(fact);
  }

  /** The next fact that passes the test; null when the time is up. */
  until<F extends Fact>(test: (fact: Fact) => fact is F, limitMs: number): Promise<F | null> {
    return new Promise((resolve) => {
      const end = (found: F | null): void => {
        clearTimeout(timer);
        this.waiting.delete(waiter);
        resolve(found);
      };
      const waiter = (fact: Fact): void => {
        if (test(fact)) end(fact);
      };
      const timer = setTimeout(() => end(null), limitMs);
      this.waiting.add(waiter);
    });
  }

  /** The first fresh list whose request was sent after `after`; null when the time is up. */
  untilFresh(after: number, limitMs: number): Promise<List | null> {
    return this.until(
      (fact): fact is List =>
        fact.kind === 'answer' && fact.outcome === 'list' && fact.staleSeconds === null && fact.sentAt > after,
      limitMs,
    );
  }

  /** An engine in the latest fresh list. */
  engine(vpn: VpnName, role: EngineRole): ListedEngine | null {
    return this.list?.engines.find((e) => e.vpn === vpn && e.forwarded === (role === 'forwarded')) ?? null;
  }

  private take(answer: Answer): void {
    if (answer.outcome === 'list') {
      if (answer.staleSeconds === null) this.list = answer;
      for (const engine of answer.engines) {
        this.known.set(engine.id, engine);
        if (!this.probed.has(engine.id)) void this.probe(engine);
      }
    }
    this.tell(answer);
  }

  private async probe(engine: ListedEngine): Promise<void> {
    this.probed.add(engine.id);
    const url = `http://${this.addressOf(engine.vpn)}:${engine.httpPort}/server/api?api_version=3&method=get_network_connection_status`;
    let error: string | null = null;
    try {
      const { status } = await httpGet(url, { limitMs: PROBE_LIMIT_MS });
      if (status !== 200) error = `status ${status}`;
    } catch (failure) {
      error = messageOf(failure);
    }
    this.tell({ kind: 'probe', at: Date.now(), engine, error });
  }

  private tellStreamFailure(outcome: StreamOutcome, beganAt: number): void {
    if (outcome.kind === 'served') return;
    const vpn = this.site.vpnOf(outcome.engine?.vpn_container ?? '');
    const engine = outcome.engine && vpn ? { id: outcome.engine.container_id, vpn } : null;
    this.tell({
      kind: 'stream failure',
      beganAt,
      at: Date.now(),
      engine,
      reason: `${outcome.kind}: ${outcome.reason}`,
    });
  }

  private addressOf(vpn: VpnName | undefined): string {
    return vpn === undefined ? 'unknown' : this.site.vpn(vpn).address;
  }

  private whatIs(id: string, labels: Readonly<Record<string, string>>): Pick<ContainerEvent, 'is' | 'vpn'> | null {
    if (this.site.bystanders.has(id)) return { is: 'bystander', vpn: null };
    const vpn = this.site.vpnOf(labels['name'] ?? '');
    if (vpn !== undefined) return { is: 'vpn', vpn };
    return labels['portward.instance'] === this.site.runId ? { is: 'engine', vpn: null } : null;
  }
}
