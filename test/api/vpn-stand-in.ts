import { once } from 'node:events';
import type { ObserveProgress } from '../../src/activities/observe/observe';
import type { EngineList, VpnLists, VpnSource } from '../../src/gateways/vpn-source';
import { withEvents } from '../../src/api/streams/stream-events-queue';
import type { Growth, GrowthListener } from '../../src/gateways/history-growth';
import type { BreakerKind } from '../../src/domain/vpn/breaker';
import type { ListedEngine } from '../../src/domain/engine';
import type { EventLog } from '../../src/domain/event-log';
import type { Stream, StreamEvent } from '../../src/domain/streams/stream';
import type { Replacement } from '../../src/domain/replacement';
import type { VpnStatusView } from '../../src/domain/vpn/status-view';
import type { ProvisionRequest, ReplaceRequest } from '../../src/workflows/vpn/messages';
import { replacement, vpnStatus, vpnSettings } from '../builders';

const MESSAGE_TAKEN_IN: Growth = {
  settled: true,
  hasMessage: true,
  startedChildren: [],
  completedActivities: [],
  onlySignals: null,
};

/** Stands in for a VPN's workflow: answers what the test sets, and keeps what it was asked. */
export class VpnStandIn implements VpnSource {
  readonly asked: { previous: EngineList | null }[] = [];
  readonly rechecked: number[] = [];
  readonly replaced: { request: ReplaceRequest }[] = [];

  answerEngines: (previous: EngineList | null) => Promise<EngineList>;
  answerStatus: () => Promise<VpnStatusView>;
  answerProgress: () => Promise<ObserveProgress | null> = async () => null;
  answerRecheck: () => Promise<void> = async () => undefined;
  answerReplace: (request: ReplaceRequest) => Promise<Replacement> = async () => replacement();

  readonly provisioned: { request: ProvisionRequest }[] = [];
  answerProvision: (request: ProvisionRequest) => Promise<Replacement> = async () => replacement();
  readonly removed: string[] = [];
  answerRemove: (engine: string) => Promise<Replacement> = async () => replacement();
  /** How often it was told to remove idle engines. */
  collected = 0;
  answerEvents: () => Promise<EventLog> = async () => ({ lineage: 'abcdef12', news: [] });

  readonly replacedLater: ReplaceRequest[] = [];
  readonly reset: (BreakerKind | null)[] = [];
  /** What Temporal does with a signal. */
  answerSignal: () => Promise<void> = async () => undefined;

  private version = 0;
  private readonly listeners = new Set<GrowthListener>();

  constructor(
    readonly vpn: string,
    engines: readonly ListedEngine[] = [],
  ) {
    this.answerEngines = async () => ({ version: '0', engines });
    this.answerStatus = async () => vpnStatus({ settings: vpnSettings({ vpn }) });
  }

  list(...engines: ListedEngine[]): void {
    const version = String(++this.version);
    this.answerEngines = async () => ({ version, engines });
    this.grow();
  }

  /** As a workflow whose worker is away: no answer, which the client gives up on. */
  fail(reason = 'deadline exceeded'): void {
    this.answerEngines = () => Promise.reject(new Error(reason));
    this.answerStatus = () => Promise.reject(new Error(reason));
    this.answerProgress = () => Promise.reject(new Error(reason));
    this.answerEvents = () => Promise.reject(new Error(reason));
    this.broken = new Error(reason);
    for (const { broken } of this.listeners) broken(this.broken);
  }

  /** Its history has more than before: a message, and a task that has taken it in, if nothing else is said. */
  grow(growth: Partial<Growth> = {}): void {
    this.broken = null;
    for (const { broken, grown } of this.listeners) {
      broken(null);
      grown({ ...MESSAGE_TAKEN_IN, ...growth });
    }
  }

  /** A task waits that it has begun a replacement in, of which its list does not tell yet. */
  evict(...old: readonly ListedEngine[]): void {
    this.grow({ settled: false, hasMessage: false, startedChildren: [{ type: 'replaceEngine', input: { old } }] });
  }

  /** A task waits in which it will take in an observation with that port. */
  observe(port: number): void {
    const result = { kind: 'sight', port: { kind: 'known', port } };
    this.grow({ settled: false, hasMessage: false, completedActivities: [{ type: 'observe', result }] });
  }

  /** Why the history can't be followed. */
  private broken: Error | null = null;

  async follow(listener: GrowthListener, signal: AbortSignal): Promise<void> {
    this.listeners.add(listener);
    if (this.broken) listener.broken(this.broken);
    else listener.grown(MESSAGE_TAKEN_IN);
    if (!signal.aborted) await once(signal, 'abort');
    this.listeners.delete(listener);
  }

  streamList: readonly Stream[] = [];
  readonly told: (readonly StreamEvent[])[] = [];
  answerTold: () => Promise<void> = async () => undefined;
  private streamVersion = 0;

  /** Before its first snapshot. */
  notLookedAt = false;

  async lists(previous: VpnLists | null): Promise<VpnLists | null> {
    this.asked.push({ previous: previous?.engines ?? null });
    if (this.notLookedAt) return null;
    const engines = await this.answerEngines(previous?.engines ?? null);
    const version = `s${this.streamVersion}`;
    return {
      engines: { ...engines, hidden: this.hidden, current: this.current, replacesOnMove: this.replacesOnMove },
      streams: { version, streams: this.streamList },
    };
  }

  /** Whether its worker has looked at the VPN since its start. */
  current = true;
  hidden: VpnLists['engines']['hidden'] = [];
  /** Whether its workflow says that it would replace the forwarded engine of another port at once. */
  replacesOnMove = true;

  /** As the workflow's state is after a signal. */
  play(...streams: Stream[]): void {
    this.streamVersion++;
    this.streamList = streams;
    this.grow({ onlySignals: ['streams'] });
  }

  /** Whether its workflow keeps what it is told of streams. */
  takesStreams = true;

  async tellStreams(events: readonly StreamEvent[]): Promise<void> {
    this.told.push(events);
    await this.written(this.answerTold());
    if (!this.takesStreams) return;
    this.streamVersion++;
    this.streamList = withEvents(this.streamList, events);
  }

  /** Who has something written down is answered before the history is heard of. */
  private async written<T>(answer: Promise<T>): Promise<T> {
    const given = await answer;
    setImmediate(() => this.grow());
    return given;
  }

  provision(request: ProvisionRequest): Promise<Replacement> {
    this.provisioned.push({ request });
    return this.written(this.answerProvision(request));
  }

  remove(engine: string): Promise<Replacement> {
    this.removed.push(engine);
    return this.written(this.answerRemove(engine));
  }

  collectGarbage(): Promise<void> {
    this.collected += 1;
    return this.written(this.answerSignal());
  }

  events(): Promise<EventLog> {
    return this.answerEvents();
  }

  status(): Promise<VpnStatusView> {
    return this.answerStatus();
  }

  progress(): Promise<ObserveProgress | null> {
    return this.answerProgress();
  }

  recheck(): Promise<void> {
    this.rechecked.push(performance.now());
    return this.answerRecheck();
  }

  replaceLater(request: ReplaceRequest): Promise<void> {
    this.replacedLater.push(request);
    return this.written(this.answerSignal());
  }

  resetBreaker(kind: BreakerKind | null): Promise<void> {
    this.reset.push(kind);
    return this.written(this.answerSignal());
  }

  replace(request: ReplaceRequest): Promise<Replacement> {
    this.replaced.push({ request });
    return this.written(this.answerReplace(request));
  }
}
