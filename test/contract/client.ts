import type { Static, TSchema } from '@sinclair/typebox';
import { exchange, type Answer, type Exchange } from '../../simulator/http-exchange';
import { decoded } from '../../simulator/proxy-client-shapes';
import { until } from '../simulator/until';
import { authorization } from './proxy-stage';
import { messageOf } from '../../src/lib/errors';

export interface Call extends Pick<Exchange, 'body'> {
  /** The Authorization header; null: none. Default: the right key. */
  readonly key?: string | null;
  readonly limitMs?: number;
}

const LIMIT_MS = 10_000;

/** Sends requests such as `GET /engines` to one Portward. */
export class ContractClient {
  constructor(private readonly url: string) {}

  send(route: string, { body, key = authorization, limitMs = LIMIT_MS }: Call = {}): Promise<Answer> {
    const [method, path] = route.split(' ') as [Exchange['method'], string];
    const headers: Record<string, string> = key === null ? {} : { authorization: key };
    const ask = () => exchange({ method, url: `${this.url}${path}`, headers, body, limitMs });
    if (method !== 'GET') return ask();
    // Repeat while the answer is marked stale, which any answer may be on a busy machine.
    return until(`an answer to ${path} that is not stale`, async () => {
      const answer = await ask();
      return answer.headers['x-portward-stale'] === undefined && answer;
    });
  }

  /** @throws if the status is another one, or the body does not have exactly that shape */
  async expect<T extends TSchema>(route: string, status: number, shape: T, call: Call = {}): Promise<Static<T>> {
    const answer = await this.send(route, call);
    if (answer.status !== status) {
      throw new Error(`${route}: expected ${status}, found ${answer.status} ${answer.body.slice(0, 300)}`);
    }
    try {
      return decoded(shape, answer.body);
    } catch (error) {
      throw new Error(`${route}: ${messageOf(error)}`, { cause: error });
    }
  }
}
