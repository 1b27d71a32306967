import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Observation } from '../domain/observation';
import { replacementLabel } from '../domain/names';
import { observe } from './activities';
import { unfinishedTargets, type VpnData } from './vpn-data';

/**
 * The one observe activity that counts. Its observation is for the revision that it was asked under; when the
 * revision has moved on it is cancelled and asked anew, and what it may still bring is nobody's.
 */
export class Watch {
  private running: { readonly revision: number; readonly scope: CancellationScope } | null = null;
  private arrived: { readonly revision: number; readonly observation: Observation } | null = null;

  /** Sees to it that an observe of the current revision runs. */
  keep(data: VpnData): void {
    if (this.running?.revision === data.revision) return;
    this.stop();
    const revision = data.revision;
    const scope = new CancellationScope();
    const running = { revision, scope };
    this.running = running;
    const { vpn, instance, image } = data.settings;
    const busy = {
      evicted: data.evicted.map((e) => e.id),
      replacements: unfinishedTargets(data).map((r) => replacementLabel(data.lineage, r.number)),
    };
    const port = data.port.last === null ? 'port unknown' : `port ${data.port.last}`;
    // Without a look under this revision the first one is wanted whatever it shows; with one, only news.
    const newsOnly = data.sightRevision === revision || data.known?.kind === 'blind';
    const observing = scope.run(() =>
      observe.executeWithOptions({ summary: `${vpn}: watching, ${port}` }, [
        { vpn, instance, image, revision, known: data.known, busy, newsOnly },
      ]),
    );
    observing.then(
      (observation) => {
        if (this.running === running) this.arrived = { revision, observation };
      },
      (error: unknown) => {
        if (this.running !== running || isCancellation(error)) return;
        const problem = error instanceof Error ? error.message : String(error);
        this.arrived = { revision, observation: { kind: 'blind', at: Date.now(), problem } };
      },
    );
  }

  /** Looks again now, instead of when the next check is due. */
  restart(data: VpnData): void {
    this.stop();
    this.keep(data);
  }

  get hasNews(): boolean {
    return this.arrived !== null;
  }

  take(): { readonly revision: number; readonly observation: Observation } | null {
    const arrived = this.arrived;
    if (arrived) this.running = null;
    this.arrived = null;
    return arrived;
  }

  stop(): void {
    this.running?.scope.cancel();
    this.running = null;
    this.arrived = null;
  }
}
