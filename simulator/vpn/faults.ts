import { isRecord, RefusedRequest } from '../inside/json-exchange';
import { ANSWER_FAULTS, ROUTES } from './messages';
import type { AnswerFault, Fault, Route } from './messages';

/** The answer fault in force, and those who wait for it to pass. */
export class Faults {
  #fault: AnswerFault | null = null;
  #passed: (() => void)[] = [];
  #end: NodeJS.Timeout | undefined;

  get current(): AnswerFault | null {
    return this.#fault;
  }

  on(route: Route, path: string): AnswerFault | null {
    const fault = this.#fault;
    if (fault === null || (fault.route ?? route) !== route) return null;
    return this.isRedirectTarget(path) ? null : fault;
  }

  /** Where a redirect has sent the asker, who gets an answer there. */
  isRedirectTarget(path: string): boolean {
    return this.#fault?.kind === '301' && this.#fault.location === path;
  }

  set(fault: AnswerFault | null): void {
    this.#fault = fault;
    clearTimeout(this.#end);
    if (fault?.forMs !== undefined) this.#end = setTimeout(() => this.set(null), fault.forMs);
    const waiting = this.#passed;
    this.#passed = [];
    for (const passed of waiting) passed();
  }

  /** Resolves at the next change of fault: a request that hung is answered then, as by a server that recovered. */
  passed(): Promise<void> {
    return new Promise((resolve) => this.#passed.push(resolve));
  }
}

/** Reads `{kind, route?, forMs?, location?, body?}`; `{kind: null}` is no fault. Throws RefusedRequest when it is neither. */
export function parseFault(value: unknown): Fault | null {
  if (isRecord(value)) {
    if (value.kind === null) return null;
    if (value.kind === 'lost' || value.kind === 'deadlock') return { kind: value.kind };
    const kind = ANSWER_FAULTS.find((name) => name === value.kind);
    const route = ROUTES.find((name) => name === value.route);
    if (kind !== undefined && (route !== undefined || value.route === undefined)) {
      return {
        kind,
        ...(route === undefined ? {} : { route }),
        ...(typeof value.forMs === 'number' ? { forMs: value.forMs } : {}),
        ...(typeof value.location === 'string' ? { location: value.location } : {}),
        ...(typeof value.body === 'string' ? { body: value.body } : {}),
      };
    }
  }
  throw new RefusedRequest(
    400,
    `fault: expected {kind: ${ANSWER_FAULTS.join('|')}|lost|deadlock|null, route?: ${ROUTES.join('|')}}, found ${JSON.stringify(value)}`,
  );
}
