import { isRecord, RefusedRequest } from '../inside/json-exchange';
import { ANSWER_FAULTS, ROUTES } from './messages';
import type { AnswerFault, Fault, Route } from './messages';

/** The present fault of the answers, and the requests that wait for its end. */
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

  /** Whether this is the target of the redirect: a request there gets a right answer. */
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

  /** Resolves when the fault ends or changes. A request that hangs is answered then, as by a server that has recovered. */
  passed(): Promise<void> {
    return new Promise((resolve) => this.#passed.push(resolve));
  }
}

/** Reads `{kind, route?, forMs?, location?, body?}`; `{kind: null}` means no fault. Throws RefusedRequest for anything else. */
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
