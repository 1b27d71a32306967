import type { Static, TSchema } from '@sinclair/typebox';
import { exchange, type Answer, type Exchange } from '../../simulator/http-exchange';
import { decoded } from '../../simulator/proxy-client-shapes';
import { until } from '../simulator/until';
import { authorization } from './proxy-stage';
import { messageOf } from '../../src/lib/errors';

export interface Call extends Pick<Exchange, 'body'> {
  /** Default: the right one where it is asked for, else none. */
  readonly key?: string | null;
  readonly limitMs?: number;
}

const LIMIT_MS = 10_000;

/** `GET /engines` and the like, against one Portward. */
export class ContractClient {
  constructor(private readonly url: string) {}

  send(route: string, { body, key = authorization, limitMs = LIMIT_MS }: Call = {}): Promise<Answer> {
    const [method, path] = route.split(' ') as [Exchange['method'], string];
    const headers: Record<string, string> = key === null ? {} : { authorization: key };
    const ask = () => exchange({ method, url: `${this.url}${path}`, headers, body, limitMs });
    if (method !== 'GET') return ask();
    // What is marked stale says how it was, and on a busy machine any answer may be.
    return until(`an answer to ${path} that is not stale`, async () => {
      const answer = await ask();
      return answer.headers['x-portward-stale'] === undefined && answer;
    });
  }

  /** @throws when the status is another one, or the body is not exactly of that shape */
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
