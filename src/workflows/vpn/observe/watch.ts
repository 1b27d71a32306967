import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { asReported, type Busy, type LastReported, type Observation } from '../../../domain/vpn/observation';
import type { ContainerId, Instant } from '../../../domain/engine';
import { replacementLabel } from '../../../domain/names';
import { observe } from '../../shared/activities';
import { failureMessage } from '../../shared/failure-message';
import { hasUsableSnapshot, unfinishedTargets, type VpnData } from '../data';

/** The last observation, as far as the next one is compared with it. */
function lastReported(data: VpnData, busy: Busy): LastReported | null {
  return data.unreachable ?? (data.snapshot && asReported(data.snapshot, busy));
}

function willDo({ revision, busy }: Running, { snapshotsFrom }: VpnData, now: Busy): boolean {
  return (
    revision >= snapshotsFrom &&
    now.evicted.every((id) => busy.evicted.includes(id)) &&
    now.replacements.every((made) => busy.replacements.includes(made))
  );
}

function accounted(data: VpnData): ContainerId[] {
  return [...data.engines, ...data.evicted].map((e) => e.id);
}

/** What replacements are at work on, of which an observe is told. */
function busyOf(data: VpnData): Busy {
  const left = new Set(data.leftOvers.map((e) => e.id));
  return {
    // Whether one that Docker does not remove runs is of interest: nothing else tells.
    evicted: data.evicted.map((e) => e.id).filter((id) => !left.has(id)),
    replacements: unfinishedTargets(data).map((r) => replacementLabel(data.lineage, r.number)),
  };
}

const RECHECK_AT_MOST_EVERY_MS = 1_000;

interface Running {
  readonly revision: number;
  readonly scope: CancellationScope;
  readonly busy: Busy;
}

/**
 * The one observe activity that counts. It goes on while replacements begin and end, since each costs a history some ten events:
 * what it tells is reconciled with what they have said. It is asked anew, and the one before is cancelled, when a snapshot from
 * now on is needed, or when it would report what a replacement does as a change.
 */
export class Watch {
  private running: Running | null = null;
  private arrived: { readonly revision: number; readonly observation: Observation } | null = null;
  private recheckDue: Instant | null = null;
  private lastRecheck = 0;

  /** @param changed is called when there is an observation to be taken, or when `dueAt` changes */
  constructor(private readonly changed: () => void) {}

  /** When it has to be asked anew, because somebody has said that something may have changed. */
  get dueAt(): Instant | null {
    return this.recheckDue;
  }

  /** Somebody says that something may have changed. */
  recheck(): void {
    this.recheckDue ??= Math.max(Date.now(), this.lastRecheck + RECHECK_AT_MOST_EVERY_MS);
    this.changed();
  }

  /** Sees to it that one runs that will do. */
  keep(data: VpnData): void {
    const busy = busyOf(data);
    if (this.running && willDo(this.running, data, busy)) return;
    this.stop();
    const revision = data.revision;
    const scope = new CancellationScope();
    const running = { revision, scope, busy };
    this.running = running;
    const { vpn, instance, image } = data.settings;
    const port = data.port.last === null ? 'port unknown' : `port ${data.port.last}`;
    // Without a usable snapshot the first one is wanted, whatever it shows; with one, only a change.
    const newsOnly = data.unreachable !== null || (hasUsableSnapshot(data) && data.snapshot?.complete === true);
    const input = {
      vpn,
      instance,
      image,
      busy,
      newsOnly,
      known: lastReported(data, busy),
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
        this.arrive(revision, { kind: 'blind', at: Date.now(), problem });
      },
    );
  }

  private arrive(revision: number, observation: Observation): void {
    this.arrived = { revision, observation };
    this.changed();
  }

  /** What has arrived. Null: nothing; where a recheck is due the VPN is looked at again now, instead of when the next check is due. */
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
