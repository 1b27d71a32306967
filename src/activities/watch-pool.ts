import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import type { FleetMember, FleetSettings, Targets } from '../domain/fleet';
import { planFleet, type FleetPlan } from '../domain/fleet-plan';
import type { PoolFacts } from '../domain/pool';
import { pauseUntil } from '../pause';
import type { PoolHints } from './pool-hints';
import { untilStopping } from './worker-stopping';

export interface WatchPoolInput {
  readonly settings: FleetSettings;
  readonly demand: number | null;
  /** As they were seen last. */
  readonly members: readonly FleetMember[];
  /** What the last watch has had VPNs told. */
  readonly told: Targets;
}

export interface PoolNews {
  readonly wanted: number;
  readonly members: readonly FleetMember[];
  /** Only of those that have to be told. */
  readonly targets: Targets;
}

export interface FleetDeps {
  /** What a VPN's workflow says of it. @throws when it does not answer in time, or when asked to stop */
  readonly poolFacts: (vpn: string, signal: AbortSignal) => Promise<PoolFacts | null>;
  readonly hints: PoolHints;
  /** Aborted when this worker is to stop. */
  readonly stopping: AbortSignal;
}

export type FleetActivities = ReturnType<typeof createFleetActivities>;

const NO_NEWS_AFTER_MS = 10 * 60_000;
const HEARTBEAT_EVERY_MS = 3_000;
/** Hints come in bunches, and each VPN is a query. */
const GATHER_HINTS_MS = 100;
/** A viewer who changes the channel ends one stream and starts the next. What somebody asks for does not come and go. */
const FEWER_AFTER_MS = 2_000;
const ASK_AGAIN_MS = 1_000;

export function createFleetActivities(deps: FleetDeps) {
  let former: Pick<WatchPoolInput, 'demand'> | null = null;
  return {
    /** Returns as soon as a VPN has to be told another target or its health is different, or after 10 minutes. */
    watchPool(input: WatchPoolInput): Promise<PoolNews> {
      // A worker's first watch can't know whether its demand is new.
      const demandIsNew = former !== null && input.demand !== former.demand;
      former = input;
      return new PoolWatch(input, deps, demandIsNew).run(Context.current());
    },
  };
}

interface Look extends FleetPlan {
  readonly members: readonly FleetMember[];
}

class PoolWatch {
  private readonly ended = new AbortController();
  private readonly begun = performance.now();
  private poke = new AbortController();
  private readonly hinted = new Set<string>();
  private lookAtAll = -Infinity;
  private asking = new AbortController();
  private asked: Promise<unknown> = Promise.resolve();
  private members: readonly FleetMember[];
  /** What VPNs were told and have not shown yet. */
  private readonly unheard: Map<string, number>;
  /** Since when a VPN should have fewer engines than it was told. */
  private readonly fewerSince = new Map<string, number>();

  constructor(
    private readonly input: WatchPoolInput,
    private readonly deps: FleetDeps,
    /** Fewer engines than before are asked for, or more: the first look tells of them. */
    private demandIsNew: boolean,
  ) {
    this.members = input.members;
    this.unheard = new Map(Object.entries(input.told));
  }

  async run(context: Context): Promise<PoolNews> {
    const { signal } = this.ended;
    const unsubscribe = this.deps.hints.watch((vpn) => {
      this.hinted.add(vpn);
      this.poke.abort();
    });
    // People see in the Temporal UI what it knows, and it leaves no history.
    const beat = () => context.heartbeat(this.members);
    const heartbeats = setInterval(beat, HEARTBEAT_EVERY_MS);
    beat();
    try {
      return await Promise.race([this.watch(signal), context.cancelled, untilStopping(this.deps.stopping, signal)]);
    } finally {
      unsubscribe();
      clearInterval(heartbeats);
      this.ended.abort();
      this.asking.abort();
      // A question that the client repeats on a connection that was closed meanwhile would end the process.
      await this.asked.catch(() => {});
    }
  }

  private async watch(signal: AbortSignal): Promise<PoolNews> {
    for (;;) {
      signal.throwIfAborted();
      this.poke = new AbortController();
      const look = await this.look();
      const news = this.newsOf(look);
      if (news) return news;
      const silent = look.members.some((m) => !m.answers);
      const fewerIn = Math.min(...this.fewerSince.values()) + FEWER_AFTER_MS - performance.now();
      const allIn = Math.min(this.lookAtAll, this.begun + NO_NEWS_AFTER_MS) - performance.now();
      const pause = Math.min(allIn, silent ? ASK_AGAIN_MS : Infinity, Math.max(1, fewerIn));
      await pauseUntil(pause, signal, this.poke.signal);
      if (this.poke.signal.aborted) await pauseUntil(GATHER_HINTS_MS, signal);
    }
  }

  private async look(): Promise<Look> {
    const { settings, demand } = this.input;
    const now = performance.now();
    const all = now >= this.lookAtAll;
    if (all) this.lookAtAll = now + settings.autoscaleIntervalMs;
    // Each question takes a worker's time, so only who has said that it is different is asked in between.
    const asked = new Set([...this.hinted, ...this.members.filter((m) => !m.answers).map((m) => m.vpn)]);
    this.hinted.clear();
    // The client's listeners stay for as long as the signal does.
    this.asking = new AbortController();
    const { signal } = this.asking;
    setMaxListeners(0, signal);
    const known = new Map(this.members.map((m) => [m.vpn, m]));
    const answers = Promise.all(
      settings.vpns.map(async ({ vpn }) => {
        const before = known.get(vpn) ?? { vpn, facts: null, answers: false };
        return all || asked.has(vpn) ? this.ask(before, signal) : before;
      }),
    );
    this.asked = answers;
    this.members = await answers;
    for (const { vpn, facts } of this.members) if (facts?.target === this.unheard.get(vpn)) this.unheard.delete(vpn);
    return { members: this.members, ...planFleet(settings, demand, this.members) };
  }

  private async ask(before: FleetMember, signal: AbortSignal): Promise<FleetMember> {
    const facts = await this.deps.poolFacts(before.vpn, signal).catch(() => null);
    return facts ? { vpn: before.vpn, facts, answers: true } : { ...before, answers: false };
  }

  private newsOf({ wanted, members, targets }: Look): PoolNews | null {
    const now = performance.now();
    const due: Record<string, number> = {};
    for (const { vpn, facts } of members) {
      const target = targets[vpn];
      const differs = facts !== null && target !== undefined && target !== facts.target;
      const isDue = differs && this.isWorthTelling(vpn, target);
      if (!isDue || target > facts.target) this.fewerSince.delete(vpn);
      else if (!this.demandIsNew && now - this.wantedFewerSince(vpn, now) < FEWER_AFTER_MS) continue;
      if (isDue) due[vpn] = target;
    }
    this.demandIsNew = false;
    const isOld = now - this.begun >= NO_NEWS_AFTER_MS;
    const isNews = isOld || Object.keys(due).length > 0 || this.conditionChanged(members);
    return isNews ? { wanted, members, targets: due } : null;
  }

  private wantedFewerSince(vpn: string, now: number): number {
    const since = this.fewerSince.get(vpn) ?? now;
    this.fewerSince.set(vpn, since);
    return since;
  }

  /** It may not be able to do as it is told. */
  private isWorthTelling(vpn: string, target: number): boolean {
    if (this.unheard.get(vpn) !== target) return true;
    return performance.now() - this.begun >= this.input.settings.autoscaleIntervalMs;
  }

  private conditionChanged(members: readonly FleetMember[]): boolean {
    const before = new Map(this.input.members.map((m) => [m.vpn, m.facts?.condition]));
    return members.some((m) => m.facts?.condition !== before.get(m.vpn));
  }
}
