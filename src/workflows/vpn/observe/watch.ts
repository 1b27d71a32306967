import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Observation } from '../../../domain/vpn/observation';
import { asReported, type Busy, type LastReported } from '../../../domain/vpn/reported';
import type { ContainerId, Instant } from '../../../domain/engine';
import { replacementLabel } from '../../../domain/names';
import { observe } from '../../shared/activities';
import { failureMessage } from '../../shared/failure-message';
import { hasUsableSnapshot, unfinishedTargets, type VpnData } from '../data';

/** The last observation, as far as the next one is compared with it. */
function lastReported(data: VpnData, busy: Busy): LastReported | null {
  return data.unreachable ?? (data.snapshot && asReported(data.snapshot, busy));
}

/** Whether a running observation still reports all that is needed. */
function suffices({ revision, busy }: Running, { snapshotsFrom }: VpnData, now: Busy): boolean {
  return (
    revision >= snapshotsFrom &&
    now.evicted.every((id) => busy.evicted.includes(id)) &&
    now.replacements.every((made) => busy.replacements.includes(made))
  );
}

function accounted(data: VpnData): ContainerId[] {
  return [...data.engines, ...data.evicted].map((e) => e.id);
}

/** What replacements are working on, which an observation need not report. */
function busyOf(data: VpnData): Busy {
  const left = new Set(data.leftOvers.map((e) => e.id));
  return {
    // Without engines that Docker does not remove: only observations show whether such an engine runs.
    evicted: data.evicted.map((e) => e.id).filter((id) => !left.has(id)),
    replacements: unfinishedTargets(data).map((r) => replacementLabel(data.incarnation, r.number)),
  };
}

const RECHECK_AT_MOST_EVERY_MS = 1_000;

interface Running {
  readonly revision: number;
  readonly scope: CancellationScope;
  readonly busy: Busy;
}

/**
 * Keeps one observe activity running. It goes on while replacements begin and end, since a new one costs the history some ten events;
 * its result is reconciled with what the replacements have reported. It is cancelled, and another one started, when a snapshot that
 * begins now is needed, or when it would report as a change what a replacement does.
 */
export class Watch {
  private running: Running | null = null;
  private arrived: { readonly revision: number; readonly observation: Observation } | null = null;
  private recheckDue: Instant | null = null;
  private lastRecheck = 0;

  /** @param changed is called when an observation has arrived, or when `dueAt` changes */
  constructor(private readonly changed: () => void) {}

  /** When to start a new observation because of a recheck; null: none is due. */
  get dueAt(): Instant | null {
    return this.recheckDue;
  }

  /** A hint that something may have changed. */
  recheck(): void {
    this.recheckDue ??= Math.max(Date.now(), this.lastRecheck + RECHECK_AT_MOST_EVERY_MS);
    this.changed();
  }

  /** Has a sufficient observation running. */
  keep(data: VpnData): void {
    const busy = busyOf(data);
    if (this.running && suffices(this.running, data, busy)) return;
    this.stop();
    const revision = data.revision;
    const scope = new CancellationScope();
    const running = { revision, scope, busy };
    this.running = running;
    const { vpn, instance, image } = data.settings;
    const port = data.port.last === null ? 'port unknown' : `port ${data.port.last}`;
    // Without a usable snapshot the first one is wanted, whatever it shows; with one, only a change.
    const changesOnly = data.unreachable !== null || (hasUsableSnapshot(data) && data.snapshot?.complete === true);
    const input = {
      vpn,
      instance,
      image,
      busy,
      changesOnly,
      lastReported: lastReported(data, busy),
      accounted: accounted(data),
      seenAt: data.snapshot?.at ?? null,
      portRead: data.port.read,
    };
    const observing = scope.run(() => observe.executeWithOptions({ summary: `${vpn}: watching, ${port}` }, [input]));
    observing.then(
      (observation) => {
        if (this.running === running) this.arrive(revision, observation);
      },
      (error: unknown) => {
        if (this.running !== running || isCancellation(error)) return;
        const problem = `the VPN can't be watched: ${failureMessage(error)}`;
        this.arrive(revision, { kind: 'unreachable', at: Date.now(), problem });
      },
    );
  }

  private arrive(revision: number, observation: Observation): void {
    this.arrived = { revision, observation };
    this.changed();
  }

  /** The observation that has arrived; null: none. A recheck that is due starts a new observation. */
  take(data: VpnData): { readonly revision: number; readonly observation: Observation } | null {
    const isRecheckDue = this.recheckDue !== null && Date.now() >= this.recheckDue;
    if (isRecheckDue) {
      this.lastRecheck = Date.now();
      this.recheckDue = null;
    }
    const { arrived } = this;
    if (arrived) this.running = null;
    else if (isRecheckDue) {
      this.stop();
      this.keep(data);
    }
    this.arrived = null;
    return arrived;
  }

  stop(): void {
    this.running?.scope.cancel();
    this.running = null;
    this.arrived = null;
  }
}
