// Plays schedules one after the other on a site. A new site follows after SCHEDULES_A_SITE schedules, and after a violation.
import { setTimeout as sleep } from 'node:timers/promises';
import { Checker } from './checker/checker';
import { nextWait } from './failure-backoff';
import { VPN_NAMES, type FaultKind } from './faults';
import { GroundTruth } from './ground-truth';
import { LagMeter } from './lag-meter';
import { fire, type Fired } from './injector';
import { Processes } from './processes';
import type { Scene } from './scene';
import { makeSchedule, type Schedule } from './schedule';
import { CAUSES_KEPT_MS, settle, type Settled } from './settle';
import { LIMITS, Site } from './site';
import { story, type PartLine } from './story';
import type { Tally } from './tally';
import { repair } from './vpn-faults';
import { Watch } from './watch';

export interface PlayOptions {
  readonly seed: number;
  readonly schedules: number;
  readonly seconds: number;
  readonly kinds: readonly FaultKind[];
  readonly privateDocker: boolean;
  readonly heal: boolean;
  /** Print the faults and the log of every schedule. */
  readonly verbose: boolean;
  /** Options for the command that replays a schedule. */
  readonly options: readonly string[];
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

type Outcome = 'ok' | 'broken promise' | 'lost site';

const SCHEDULES_A_SITE = 20;
const UP_LIMIT_MS = 30_000;
/** If the next failed engine would wait longer than this, Portward's memory is reset before the next schedule. */
const LONGEST_NEXT_WAIT_MS = 20_000;
/** After these Portward's next remedy for the same VPN would come minutes later, so its memory is reset as well. */
const REMEDIED: readonly FaultKind[] = ['port-lost', 'health-lost'];
/** Facts that come late, such as Docker's events, have so long to come. */
const ECHO_MS = 300;

export async function play(options: PlayOptions, tally: Tally): Promise<void> {
  for (let next = 0; next < options.schedules && !options.signal.aborted;) {
    const seeds = Array.from(
      { length: Math.min(SCHEDULES_A_SITE, options.schedules - next) },
      (_, n) => options.seed + next + n,
    );
    next += await new SiteRun(options, tally).play(seeds);
  }
}

/** One site, its checker, and the schedules that are played on it. */
class SiteRun {
  private readonly truth = new GroundTruth();
  private readonly meter = new LagMeter();
  private readonly checker = new Checker(this.truth, LIMITS, (from, to) => this.meter.lag.between(from, to));
  private readonly log: PartLine[] = [];
  /** How many violations were printed. */
  private violationsShown = 0;
  private resetIsDue = false;

  constructor(
    private readonly options: PlayOptions,
    private readonly tally: Tally,
  ) {}

  /** Resolves with the number of schedules that it has played: fewer after a violation, or if the site was lost. */
  async play(seeds: readonly number[]): Promise<number> {
    const { privateDocker, say, heal } = this.options;
    const began = Date.now();
    const site = await this.open(privateDocker);
    let scene: Scene | null = null;
    let played = 0;
    try {
      // Until its first list Portward counts as still starting.
      const cameUp = this.truth.begin('worker');
      const watch = await Watch.open(site, this.truth, (fact) => this.checker.take(fact));
      const processes = new Processes(site.worker, site.api, (exit) => watch.tell(exit));
      scene = { site, truth: this.truth, watch, processes, heal };
      await watch.untilFresh(Date.now(), UP_LIMIT_MS);
      cameUp();
      const first = await settle(scene, Date.now(), this.options.signal);
      if (first.wrong.length > 0) throw new Error(`the site did not come up: ${first.wrong.join('; ')}`);
      watch.startViewers();
      say(`Site ${site.runId} is up after ${((Date.now() - began) / 1000).toFixed(1)} s`);
      for (const seed of seeds) {
        if (this.options.signal.aborted) break;
        if (this.resetIsDue) await this.reset(scene);
        const outcome = await this.schedule(seed, seeds.slice(0, played), scene);
        // The schedule is played again on the next site.
        if (outcome === 'lost site') break;
        played++;
        if (outcome === 'broken promise') break;
      }
    } finally {
      scene?.processes.leave();
      await scene?.watch.stop();
      this.tally.answers += scene?.watch.answers ?? 0;
      this.tally.streams += scene?.watch.streams ?? 0;
      this.tally.addChecker(this.checker);
      this.tally.largestLagMs = Math.max(this.tally.largestLagMs, this.meter.lag.largest);
      await this.meter.stop();
      for (const problem of await site.close()) say(problem);
    }
    return played;
  }

  private async open(privateDocker: boolean): Promise<Site> {
    try {
      return await Site.open({ privateDocker, onLine: (line, part) => this.log.push({ ...line, part }) });
    } catch (error) {
      await this.meter.stop();
      throw error;
    }
  }

  private async schedule(seed: number, seedsBefore: readonly number[], scene: Scene): Promise<Outcome> {
    const { seconds, kinds, signal, say, options, verbose } = this.options;
    const schedule = makeSchedule({ seed, seconds, kinds });
    const fired: Fired[] = [];
    const began = Date.now();
    scene.watch.players.start();
    try {
      await fire(schedule, scene, { fired, signal });
    } finally {
      await scene.watch.players.stop();
    }
    try {
      await Promise.all(VPN_NAMES.map((vpn) => repair(scene, vpn)));
    } catch (error) {
      return this.lose(seed, fired, error);
    }
    const settled = await settle(scene, Date.now(), signal);
    await sleep(ECHO_MS);
    if (settled.wrong.length > 0) {
      const what = `not settled ${settled.ms} ms after the last fault: ${settled.wrong.join('; ')}`;
      this.checker.violate({ promise: 'I3', at: Date.now(), what });
    }
    await this.checkBystanders(scene);
    this.count(schedule, fired, settled);
    const violations = this.checker.violations.slice(this.violationsShown);
    this.violationsShown = this.checker.violations.length;
    this.tally.violations += violations.length;
    const texts = fired.map(({ fault, done }) => `${fault.kind}${done ? '' : '(–)'}`);
    say(
      `seed ${seed}: ${violations.length === 0 ? 'ok' : `${violations.length} VIOLATIONS`}, ${((Date.now() - began) / 1000).toFixed(0)} s, settled in ${(settled.ms / 1000).toFixed(1)} s; ${texts.join(' ')}`,
    );
    if (violations.length > 0 || verbose) {
      const content = { schedule, began, fired, log: this.log, seedsBefore, options, wholeLog: verbose };
      for (const line of story(violations, content)) say(line);
    }
    if (violations.length > 0) return 'broken promise';
    this.log.length = 0;
    this.truth.forgetBefore(began - CAUSES_KEPT_MS);
    this.resetIsDue = this.needsReset(scene, settled, fired);
    return 'ok';
  }

  /** A Docker Engine that was killed may not work again. That is not Portward's fault, unless it happens twice with one seed. */
  private lose(seed: number, fired: readonly Fired[], error: unknown): Outcome {
    const { tally, options, checker } = this;
    const excused = fired.some(({ fault }) => fault.kind === 'docker-kill') && !tally.lostSites.has(seed);
    if (!excused || checker.violations.length > 0) throw error;
    const reason = `its simulated VPNs can't be used any more: ${String(error)}`;
    tally.lostSites.set(seed, reason);
    options.say(`seed ${seed}: the site is lost, ${reason}; ${fired.map(({ fault }) => fault.kind).join(' ')}`);
    return 'lost site';
  }

  private count(schedule: Schedule, fired: readonly Fired[], settled: Settled): void {
    const { tally } = this;
    const { seed } = schedule;
    tally.schedules++;
    tally.addFaults(schedule.faults, fired);
    tally.addReplacements(settled.replacements.map(({ id }) => id));
    if (settled.ms > tally.longestSettle.ms) tally.longestSettle = { ms: settled.ms, seed };
    const { longest } = this.checker.gaps;
    if (longest !== null && longest.ms > tally.longestGap.ms) {
      const text = `${(longest.ms / 1000).toFixed(1)} s (VPN ${longest.vpn}, seed ${seed})`;
      tally.longestGap = { ms: longest.ms, text };
    }
  }

  /** I5: changes that Docker has no event for. */
  private async checkBystanders({ site }: Scene): Promise<void> {
    for (const id of site.bystanders) {
      try {
        const { HostConfig, Name } = await site.docker.getContainer(id).inspect();
        if (HostConfig.RestartPolicy?.Name === 'unless-stopped') continue;
        const what = `bystander ${Name}: its restart policy is ${HostConfig.RestartPolicy?.Name}`;
        this.checker.violate({ promise: 'I5', at: Date.now(), what });
      } catch (error) {
        this.checker.violate({ promise: 'I5', at: Date.now(), what: `a bystander is gone: ${String(error)}` });
      }
    }
  }

  /** Whether Portward's memory of failures and remedies would make the next schedule wait. */
  private needsReset({ site }: Scene, { replacements }: Settled, fired: readonly Fired[]): boolean {
    const now = Date.now();
    const waits = VPN_NAMES.map((vpn) =>
      nextWait(
        replacements.filter((r) => r.vpn === site.containerName(vpn)),
        now,
      ),
    );
    return fired.some(({ fault }) => REMEDIED.includes(fault.kind)) || Math.max(...waits) >= LONGEST_NEXT_WAIT_MS;
  }

  /** Resets Portward's memory by deleting Temporal's database. Portward must find the same engines again in Docker. */
  private async reset(scene: Scene): Promise<void> {
    this.resetIsDue = false;
    const engines = idsIn(scene);
    const end = scene.truth.begin('worker');
    await scene.processes.wipe();
    await scene.watch.untilFresh(Date.now(), UP_LIMIT_MS);
    end();
    const settled = await settle(scene, Date.now(), this.options.signal);
    const wrong = [...settled.wrong];
    if (idsIn(scene) !== engines) wrong.push('its engines are others than before');
    if (wrong.length === 0) return;
    const what = `after Temporal's database was lost: ${wrong.join('; ')}`;
    this.checker.violate({ promise: 'I3', at: Date.now(), what });
  }
}

function idsIn({ watch }: Scene): string {
  return JSON.stringify(watch.list?.engines.map(({ id }) => id).toSorted());
}
