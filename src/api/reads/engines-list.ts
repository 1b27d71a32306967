import type { ObserveProgress } from '../../activities/observe/observe';
import type { VpnLists } from '../../gateways/vpn-source';
import { engineJson } from '../present/vpn';
import type { EngineJson } from '../schemas/engines';
import type { Read } from './read';
import { ReadyBody } from './ready-body';

/** The answer to `GET /engines`. */
export interface EnginesList {
  readonly kind: 'list';
  readonly body: ReadyBody;
  readonly engines: readonly EngineJson[];
  readonly staleSeconds: number | null;
}

/** The lists of one VPN; `none`: it has none that are recent enough to be shown. */
export interface VpnListsRead {
  readonly vpn: string;
  readonly read: Read<VpnLists>;
}

export interface EnginesComposerOptions {
  readonly advertisedHost: string | null;
  /** CONTAINER_LABEL, `name=value`. */
  readonly containerLabel: string;
}

/** Makes one list of the engines of all VPNs. Its bytes are kept while nothing in it changes. */
export class EnginesComposer {
  private last: { readonly madeOf: string; readonly list: EnginesList } | null = null;

  constructor(private readonly options: EnginesComposerOptions) {}

  /** @param progress of each VPN, in the order of `reads` */
  compose(
    reads: readonly VpnListsRead[],
    progress: readonly (ObserveProgress | null)[],
    staleSeconds: number | null,
  ): EnginesList {
    const parts = reads.map(({ read }, i) =>
      read.kind === 'none' ? '-' : `${read.kind} ${read.value.engines.version}@${progress[i]?.checkedAt}`,
    );
    const madeOf = parts.join('|');
    const same = this.last?.madeOf === madeOf ? this.last.list : null;
    if (same?.staleSeconds === staleSeconds) return same;
    const { engines, body } = same ?? this.engines(reads, progress);
    const list: EnginesList = { kind: 'list', engines, body, staleSeconds };
    this.last = { madeOf, list };
    return list;
  }

  present({ vpn, read }: VpnListsRead, progress: ObserveProgress | null): EngineJson[] {
    if (read.kind === 'none') return [];
    const { advertisedHost, containerLabel } = this.options;
    const { engines } = read.value.engines;
    // The forwarded port may have changed since a stale list was made, so none of its engines is shown as forwarded.
    const shown = read.kind === 'stale' ? engines.map((e) => ({ ...e, forwarded: false })) : engines;
    const options = { name: vpn, host: advertisedHost ?? vpn, containerLabel, progress };
    return shown.map((engine) => engineJson(engine, options));
  }

  private engines(
    reads: readonly VpnListsRead[],
    progress: readonly (ObserveProgress | null)[],
  ): Pick<EnginesList, 'engines' | 'body'> {
    const engines = reads
      .flatMap((read, i) => this.present(read, progress[i] ?? null))
      .toSorted((a, b) => a.port - b.port || a.container_id.localeCompare(b.container_id));
    return { engines, body: new ReadyBody(Buffer.from(JSON.stringify(engines))) };
  }
}
