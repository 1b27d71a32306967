import type { Static, TSchema } from '@sinclair/typebox';
import { exchange, type Exchange } from './http-exchange';
import { keptConnections } from './http-get';
import { decoded } from './proxy-client-shapes';
import { messageOf } from '../src/lib/errors';

export interface FailedRequest {
  /** ms since the epoch */
  readonly at: number;
  readonly what: string;
}

export interface RouteCount {
  readonly tried: number;
  readonly failed: readonly FailedRequest[];
}

export interface ProxyRequest<T extends TSchema> extends Pick<Exchange, 'method' | 'body'> {
  readonly path: string;
  readonly answers: T;
  /** The status poll: it sends no key and ignores the HTTP status. */
  readonly statusPoll?: boolean;
}

const PATIENCE_MS = 3_000;

/** The proxy's HTTP client for the orchestrator. It counts every request by its route. */
export class ProxyRequests {
  private readonly agent = keptConnections();
  private readonly counts = new Map<string, { tried: number; failed: FailedRequest[] }>();

  constructor(private readonly options: { readonly url: string; readonly apiKey: string }) {}

  get byRoute(): ReadonlyMap<string, RouteCount> {
    return this.counts;
  }

  get failures(): string[] {
    return [...this.counts].flatMap(([route, { failed }]) => failed.map(({ what }) => `${route}: ${what}`));
  }

  /** @throws when no answer comes within 3 s, its status is not exactly 200, or its body is not as the proxy expects */
  async send<T extends TSchema>({
    method,
    path,
    body,
    answers,
    statusPoll = false,
  }: ProxyRequest<T>): Promise<Static<T>> {
    const count = this.countOf(`${method} ${path.split('?')[0]}`);
    count.tried++;
    try {
      const answer = await exchange({
        method,
        url: `${this.options.url}${path}`,
        agent: this.agent,
        headers: statusPoll ? {} : { authorization: `Bearer ${this.options.apiKey}` },
        body,
        limitMs: PATIENCE_MS,
      });
      if (answer.status !== 200 && !statusPoll) throw new RefusedByStatus(answer.status, answer.body);
      return decoded(answers, answer.body);
    } catch (error) {
      count.failed.push({ at: Date.now(), what: messageOf(error) });
      throw error;
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private countOf(route: string): { tried: number; failed: FailedRequest[] } {
    const known = this.counts.get(route);
    if (known) return known;
    const count = { tried: 0, failed: [] };
    this.counts.set(route, count);
    return count;
  }
}

export class RefusedByStatus extends Error {
  constructor(
    readonly status: number,
    readonly body: string,
  ) {
    super(`expected 200, found ${status} ${body.slice(0, 300)}`);
    this.name = 'RefusedByStatus';
  }
}
