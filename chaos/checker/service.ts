import type { Fact, Probe } from './facts';
import { knownAt } from './known';
import { ECHO_MS, RECOVERY_MS } from './limits';
import type { Rule, RuleContext } from './rule';

/** Docker's events that have a call to Docker as their cause. */
const TOUCHES = ['kill', 'stop', 'destroy', 'update', 'rename', 'pause', 'restart'];

/**
 * The other promises: Portward does not touch bystanders (I5), listed engines answer (I6), the API answers as documented, and
 * no process ends by itself.
 */
export class ServiceRule implements Rule {
  constructor(private readonly context: RuleContext) {}

  take(fact: Fact): void {
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
      default:
    }
  }

  /** The harness has hurt the engine, and Portward has not had the time to see that, or was away itself. */
  private isExcusedProbe({ at, engine }: Probe): boolean {
    const hurts = this.context.truth.between(0, at, ({ kind, target }) => {
      if (kind === 'engine' || kind === 'hang') return target === engine.id;
      return kind === 'docker' || (kind === 'vpn' && target === engine.vpn);
    });
    return hurts.some((trouble) => {
      const over = Math.min(trouble.to, at);
      return at <= Math.max(over + RECOVERY_MS, knownAt(this.context, trouble, over, at));
    });
  }

  private was(...question: Parameters<RuleContext['truth']['was']>): boolean {
    return this.context.truth.was(...question);
  }
}
