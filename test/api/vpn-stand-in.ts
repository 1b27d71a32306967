import { once } from 'node:events';
import type { ObserveProgress } from '../../src/activities/observe/observe';
import type { EngineList, VpnLists, VpnSource } from '../../src/gateways/vpn-source';
import { withEvents } from '../../src/api/streams/stream-events-queue';
import type { Growth } from '../../src/gateways/growth';
import type { GrowthListener } from '../../src/gateways/history-follower';
import type { BreakerKind } from '../../src/domain/vpn/breaker';
import type { ListedEngine } from '../../src/domain/engine';
import type { EventLog } from '../../src/domain/event-log';
import type { Stream, StreamEvent } from '../../src/domain/streams/stream';
import type { Replacement } from '../../src/domain/replacement';
import type { VpnStatusView } from '../../src/domain/vpn/status-view';
import type { ProvisionRequest, ReplaceRequest } from '../../src/workflows/vpn/messages';
import { replacement, vpnStatus, vpnSettings } from '../builders';

const MESSAGE_HANDLED: Growth = {
  settled: true,
  hasMessage: true,
  startedChildren: [],
  completedActivities: [],
  onlySignals: null,
};

/** Replaces a VPN's workflow. It answers as the test sets it up, and records requests. */
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
  /** The number of signals to remove idle engines. */
  collected = 0;
  answerEvents: () => Promise<EventLog> = async () => ({ incarnation: 'abcdef12', events: [] });

  readonly replacedLater: ReplaceRequest[] = [];
  readonly reset: (BreakerKind | null)[] = [];
  /** Temporal's answer to a signal. */
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

  /** From now on every request fails, and the history can't be followed. */
  fail(reason = 'deadline exceeded'): void {
    this.answerEngines = () => Promise.reject(new Error(reason));
    this.answerStatus = () => Promise.reject(new Error(reason));
    this.answerProgress = () => Promise.reject(new Error(reason));
    this.answerEvents = () => Promise.reject(new Error(reason));
    this.broken = new Error(reason);
    for (const { broken } of this.listeners) broken(this.broken);
  }

  /** The history grows, by default by a message and the task that has handled it. */
  grow(growth: Partial<Growth> = {}): void {
    this.broken = null;
    for (const { broken, grown } of this.listeners) {
      broken(null);
      grown({ ...MESSAGE_HANDLED, ...growth });
    }
  }

  /** The history grows by the start of a replacement of these engines. The task is still pending. */
  evict(...old: readonly ListedEngine[]): void {
    this.grow({ settled: false, hasMessage: false, startedChildren: [{ type: 'replaceEngine', input: { old } }] });
  }

  /** The history grows by an observation with that port. The task that will handle it is pending. */
  observe(port: number): void {
    const result = { kind: 'snapshot', port: { kind: 'known', port } };
    this.grow({ settled: false, hasMessage: false, completedActivities: [{ type: 'observe', result }] });
  }

  /** Why the history can't be followed. */
  private broken: Error | null = null;

  async follow(listener: GrowthListener, signal: AbortSignal): Promise<void> {
    this.listeners.add(listener);
    if (this.broken) listener.broken(this.broken);
    else listener.grown(MESSAGE_HANDLED);
    if (!signal.aborted) await once(signal, 'abort');
    this.listeners.delete(listener);
  }

  streamList: readonly Stream[] = [];
  readonly told: (readonly StreamEvent[])[] = [];
  answerTold: () => Promise<void> = async () => undefined;
  private streamVersion = 0;

  /** True: there is no snapshot yet. */
  notObserved = false;

  async lists(previous: VpnLists | null): Promise<VpnLists | null> {
    this.asked.push({ previous: previous?.engines ?? null });
    if (this.notObserved) return null;
    const engines = await this.answerEngines(previous?.engines ?? null);
    const version = `s${this.streamVersion}`;
    return {
      engines: { ...engines, hidden: this.hidden, current: this.current, replacesOnMove: this.replacesOnMove },
      streams: { version, streams: this.streamList },
    };
  }

  /** Whether there was a snapshot since the worker's start. */
  current = true;
  hidden: VpnLists['engines']['hidden'] = [];
  /** Whether the workflow announces that it replaces the forwarded engine at once when the port changes. */
  replacesOnMove = true;

  /** Sets the streams, as a signal does. */
  play(...streams: Stream[]): void {
    this.streamVersion++;
    this.streamList = streams;
    this.grow({ onlySignals: ['streams'] });
  }

  /** Whether the workflow adds reported streams to its list. */
  takesStreams = true;

  async tellStreams(events: readonly StreamEvent[]): Promise<void> {
    this.told.push(events);
    await this.stored(this.answerTold());
    if (!this.takesStreams) return;
    this.streamVersion++;
    this.streamList = withEvents(this.streamList, events);
  }

  /** Answers a message, and lets the history grow afterwards: the sender has its answer before followers see the history grow. */
  private async stored<T>(answer: Promise<T>): Promise<T> {
    const given = await answer;
    setImmediate(() => this.grow());
    return given;
  }

  provision(request: ProvisionRequest): Promise<Replacement> {
    this.provisioned.push({ request });
    return this.stored(this.answerProvision(request));
  }

  remove(engine: string): Promise<Replacement> {
    this.removed.push(engine);
    return this.stored(this.answerRemove(engine));
  }

  collectGarbage(): Promise<void> {
    this.collected += 1;
    return this.stored(this.answerSignal());
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
    return this.stored(this.answerSignal());
  }

  resetBreaker(kind: BreakerKind | null): Promise<void> {
    this.reset.push(kind);
    return this.stored(this.answerSignal());
  }

  replace(request: ReplaceRequest): Promise<Replacement> {
    this.replaced.push({ request });
    return this.stored(this.answerReplace(request));
  }
}
