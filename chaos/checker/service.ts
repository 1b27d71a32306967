import type { Fact, Probe, StreamFailure } from './facts';
import { EXCUSE_MS, RECOVERY_MS } from './limits';
import type { Rule, RuleContext } from './rule';

/** Events that only somebody's doing can bring about. */
const TOUCHES = ['kill', 'stop', 'destroy', 'update', 'rename', 'pause', 'restart'];
const ECHO_MS = 2_000;

/**
 * What else must hold: bystanders are left alone (I5), listed engines answer (I6), the API answers as documented, streams
 * fail only by faults that no program could hide, and no process ends by itself.
 */
export class ServiceRule implements Rule {
  readonly streams = { failed: 0, excused: 0 };

  constructor(private readonly context: RuleContext) {}

  hear(fact: Fact): void {
    switch (fact.kind) {
      case 'answer':
        if (fact.outcome === 'wrong') this.context.violate('API', fact.at, fact.error);
        else if (fact.outcome === 'silence' && !this.was('api', null, fact.sentAt - ECHO_MS, fact.at)) {
          this.context.violate('API', fact.at, `no answer to GET /engines: ${fact.error}`);
        }
        return;
      case 'api answer':
        if (fact.status >= 500 && fact.status !== 503)
          this.context.violate('API', fact.at, `${fact.request}: ${fact.status} ${fact.body.slice(0, 300)}`);
        return;
      case 'container event':
        if (
          fact.is === 'bystander' &&
          TOUCHES.includes(fact.action) &&
          !this.was('docker', null, fact.at - ECHO_MS, fact.at)
        )
          this.context.violate('I5', fact.at, `bystander ${fact.name}: ${fact.action}`);
        return;
      case 'probe':
        if (fact.error !== null && !this.isExcusedProbe(fact))
          this.context.violate('I6', fact.at, `${fact.engine.name} is listed, and does not answer: ${fact.error}`);
        return;
      case 'unexpected exit':
        this.context.violate('process', fact.at, `the ${fact.part} ended by itself: ${fact.how}`);
        return;
      case 'remedy missing':
        this.context.violate('remedy', fact.at, fact.what);
        return;
      case 'stream failure':
        if (this.isExcusedStream(fact)) this.streams.excused++;
        else {
          this.streams.failed++;
          this.context.violate('streams', fact.at, `a stream failed: ${fact.reason}`);
        }
        return;
      default:
    }
  }

  private isExcusedProbe({ at, engine }: Probe): boolean {
    const from = at - RECOVERY_MS;
    return (
      this.was('engine', engine.id, from, at) ||
      this.was('vpn', engine.vpn, from, at) ||
      this.was('docker', null, from, at)
    );
  }

  /** While nobody watches, the list goes on to show what a fault has killed: that time does not count. */
  private isExcusedStream({ at, engine }: StreamFailure): boolean {
    const { truth } = this.context;
    let from = at - EXCUSE_MS;
    const blind = truth.between(0, at, ({ kind }) => kind === 'worker' || kind === 'temporal' || kind === 'docker');
    for (const { from: began, to } of blind.toReversed())
      if (to + RECOVERY_MS >= from) from = Math.min(from, began - EXCUSE_MS);
    if (this.was('api', null, at - EXCUSE_MS, at) || this.was('docker', null, at - EXCUSE_MS, at)) return true;
    return engine !== null && (this.was('engine', engine.id, from, at) || this.was('vpn', engine.vpn, from, at));
  }

  private was(...question: Parameters<RuleContext['truth']['was']>): boolean {
    return this.context.truth.was(...question);
  }
}
