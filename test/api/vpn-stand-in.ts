import type { ObserveProgress } from '../../src/activities/observe';
import type { EngineList, VpnSource } from '../../src/api/vpn-source';
import type { ListedEngine } from '../../src/domain/engine';
import type { Replacement } from '../../src/domain/replacement';
import type { BreakerKind } from '../../src/workflows/breaker';
import type { ReplaceRequest, VpnReport } from '../../src/workflows/messages';
import { replacement, vpnReport, vpnSettings } from '../builders';

/** Stands in for a VPN's workflow: answers what the test sets, and keeps what it was asked. */
export class VpnStandIn implements VpnSource {
  readonly asked: { previous: EngineList | null }[] = [];
  readonly rechecked: number[] = [];
  readonly replaced: { request: ReplaceRequest; updateId: string }[] = [];

  answerEngines: (previous: EngineList | null) => Promise<EngineList>;
  answerState: () => Promise<VpnReport>;
  answerProgress: () => Promise<ObserveProgress | null> = async () => null;
  answerRecheck: () => Promise<void> = async () => undefined;
  answerReplace: (request: ReplaceRequest) => Promise<Replacement> = async () => replacement();

  readonly replacedLater: ReplaceRequest[] = [];
  readonly reset: (BreakerKind | null)[] = [];
  /** What Temporal does with a signal. */
  answerSignal: () => Promise<void> = async () => undefined;

  private version = 0;

  constructor(
    readonly vpn: string,
    engines: readonly ListedEngine[] = [],
  ) {
    this.answerEngines = async () => ({ version: '0', engines });
    this.answerState = async () => vpnReport({ settings: vpnSettings({ vpn }) });
  }

  list(...engines: ListedEngine[]): void {
    const version = String(++this.version);
    this.answerEngines = async () => ({ version, engines });
  }

  /** As a workflow whose worker is away: no answer, which the client gives up on. */
  fail(reason = 'deadline exceeded'): void {
    this.answerEngines = () => Promise.reject(new Error(reason));
    this.answerState = () => Promise.reject(new Error(reason));
    this.answerProgress = () => Promise.reject(new Error(reason));
  }

  engines(previous: EngineList | null): Promise<EngineList> {
    this.asked.push({ previous });
    return this.answerEngines(previous);
  }

  state(): Promise<VpnReport> {
    return this.answerState();
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
    return this.answerSignal();
  }

  resetBreaker(kind: BreakerKind | null): Promise<void> {
    this.reset.push(kind);
    return this.answerSignal();
  }

  replace(request: ReplaceRequest, updateId: string): Promise<Replacement> {
    this.replaced.push({ request, updateId });
    return this.answerReplace(request);
  }
}
