import { log, setCurrentDetails } from '@temporalio/workflow';
import type { Instant } from '../../../domain/engine';
import { isHealthy } from '../../../domain/vpn/observation';
import { earliest } from '../../shared/wake-timer';
import type { VpnData } from '../data';
import type { VpnEvent } from '../events';
import type { VpnState } from '../state';
import { announce } from './announce';
import { describeVpn, publishSearchAttributes } from './appearance';
import { FleetReport } from './fleet-report';
import { nothingPending, VpnMetrics, type Pending } from './metrics';
import { Notifier } from './notifier';
import { ProblemLog } from './problem-log';
import { problemOf } from './problems';

/** What a run of the workflow hands to the reporters of the next run. */
export interface Reported {
  /** Measurements under way. */
  readonly measuring?: Pending;
  /** The logged problem that is not over. */
  readonly problem?: string | null;
  /** The last report to the fleet. */
  readonly reported?: string | null;
}

/** All reporters of a VPN. Events are reported at once, the state at each turn of the workflow's loop. */
export class Report {
  private readonly name: string;
  private readonly metrics: VpnMetrics;
  private readonly notifier: Notifier;
  readonly problems: ProblemLog;
  readonly fleet: FleetReport;

  /** @param changed is called when there may be something to report */
  constructor(
    private readonly state: VpnState,
    { measuring, problem, reported }: Reported,
    changed: () => void,
  ) {
    this.name = state.data.settings.vpn;
    this.metrics = new VpnMetrics(this.name, measuring ?? nothingPending);
    this.notifier = new Notifier(state);
    this.problems = new ProblemLog(this.name, log, problem ?? null);
    this.fleet = new FleetReport(() => state.data, reported ?? null, changed);
  }

  happened(event: VpnEvent, data: VpnData, now: Instant): void {
    announce(this.name, event, data, now);
    this.metrics.happened(event, now);
  }

  /** Called at each turn of the workflow's loop. The order of the calls must stay: recorded histories have their commands in it. */
  follow(now: Instant): void {
    this.state.publish(now);
    this.metrics.follow(this.state.data, now);
    this.notifier.keep();
    this.fleet.keep();
    const { data } = this.state;
    this.problems.follow(problemOf(data), isWell(data), now);
    setCurrentDetails(describeVpn(data, now));
    publishSearchAttributes(data, now);
  }

  /** When there may be something to report even if nothing changes; null: no time is set. */
  get dueAt(): Instant | null {
    return earliest(this.fleet.dueAt, this.problems.overAt);
  }

  /** Events are being sent to NOTIFY_URL, which may take an hour. If the run ended now, the next one would send them again. */
  get isNotifying(): boolean {
    return this.notifier.isSending;
  }

  /** A report to the fleet is being sent. If the run ended now, it would be lost. */
  get isTellingFleet(): boolean {
    return this.fleet.isSending;
  }

  /** For the next run. */
  handOver(now: Instant): Reported {
    this.metrics.follow(this.state.data, now);
    return { measuring: this.metrics.pending, problem: this.problems.unresolved, reported: this.fleet.reported };
  }
}

function isWell({ snapshot, unreachable }: VpnData): boolean {
  return unreachable === null && snapshot !== null && isHealthy(snapshot.vpn);
}
