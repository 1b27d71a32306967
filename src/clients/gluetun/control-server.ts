import type { Static, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { DeadlineExceeded, withDeadline } from '../../lib/deadline';
import { AnswerTooLong, http, parsedJson, type HttpAnswer } from '../http';
import type { Problem } from '../../lib/problem';
import { authHeaders, withoutSecrets, type GluetunAuth } from './auth';
import { GluetunError, NotAccepted } from './gluetun-error';
import { codeOf, messageOf } from '../../lib/errors';

export interface ControlRequest<T extends TSchema> {
  readonly base: URL;
  readonly route: string;
  /** The path of this route in older releases. */
  readonly olderRoute?: string;
  /** Sent by PUT; without it the request is a GET. */
  readonly put?: unknown;
  readonly answer: T;
}

const ANSWER_BYTES_AT_MOST = 64 * 1024;
const REDIRECTS_AT_MOST = 3;
/** Statuses of an unknown route: 404 in early releases, 400 in later ones, and 401 since v3.39.1. */
const PERHAPS_UNKNOWN_ROUTE = new Set([400, 401, 403, 404, 405]);
const CONNECTION_NEVER_MADE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Talks to control servers: with credentials, redirects, the routes of older releases, and errors that say what was
 * answered.
 */
export class ControlServer {
  /** Routes that have answered at their older path, each with its host. */
  private readonly older = new Set<string>();
  /** Routes that each host permits, by the names of its auth configuration. */
  private readonly permitted = new Map<string, Set<string>>();
  /** Routes that each host has refused. */
  private readonly refused = new Map<string, Set<string>>();

  constructor(private readonly auth: GluetunAuth) {}

  /**
   * One time limit for the whole exchange, redirects included: a server may hang at any point of it.
   * @throws GluetunError; NotAccepted if nothing can have been changed
   */
  async ask<T extends TSchema>(
    request: ControlRequest<T>,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Static<T>> {
    try {
      return await withDeadline(timeoutMs, signal, async (limit) =>
        this.read(await this.response(request, limit), request),
      );
    } catch (error) {
      throw error instanceof GluetunError ? error : this.explained(error, request.base, timeoutMs);
    }
  }

  private async response(request: ControlRequest<TSchema>, limit: AbortSignal): Promise<HttpAnswer> {
    const { base, route, olderRoute } = request;
    if (olderRoute === undefined) return this.follow(new URL(route, base), request, limit);
    const key = `${base.host} ${route}`;
    const [first, second] = this.older.has(key) ? [olderRoute, route] : [route, olderRoute];
    const one = await this.follow(new URL(first, base), request, limit);
    if (!PERHAPS_UNKNOWN_ROUTE.has(one.status)) return one;
    const other = await this.follow(new URL(second, base), request, limit);
    if (other.ok) {
      // Decided by the path of the answer, since newer releases redirect the older path to the new one.
      this.older[other.url.pathname === olderRoute ? 'add' : 'delete'](key);
    }
    return !other.ok && isRefusal(one.status) ? one : other;
  }

  private async follow(url: URL, { put }: ControlRequest<TSchema>, signal: AbortSignal): Promise<HttpAnswer> {
    const headers = authHeaders(this.auth);
    const request =
      put === undefined
        ? { headers }
        : {
            method: 'PUT',
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify(put),
          };
    let target = url;
    for (let hop = 0; hop <= REDIRECTS_AT_MOST; hop++) {
      const answer = await http(target, { ...request, signal, bytesAtMost: ANSWER_BYTES_AT_MOST });
      const location = answer.headers.get('location');
      if (answer.status < 300 || answer.status >= 400 || location === null) return answer;
      if (!URL.canParse(location, target.href))
        throw new GluetunError('the control server redirects to an invalid address');
      target = new URL(location, target);
      // Credentials must not reach another host.
      if (target.host !== url.host)
        throw new GluetunError(`the control server redirects to another host, ${this.shown(target.host)}`);
    }
    throw new GluetunError(`the control server redirects more than ${REDIRECTS_AT_MOST} times`);
  }

  private read<T extends TSchema>({ url, status, ok, text }: HttpAnswer, request: ControlRequest<T>): Static<T> {
    if (isRefusal(status)) throw new NotAccepted(this.refusal(status, request), 'unauthorized');
    if (status >= 400 && status < 500) throw new NotAccepted(`the control server answers ${status}`, 'error');
    if (!ok) throw new GluetunError(`the control server answers ${status}`, 'error');
    const body = parsedJson(text);
    if (body === undefined) throw new GluetunError(`the control server's answer is not JSON: ${this.quoted(text)}`);
    const { route, olderRoute } = request;
    const isOlder = url.pathname === olderRoute;
    const name = `${method(request)} ${isOlder ? olderRoute : route}`;
    routesOf(this.permitted, request.base).add(name);
    routesOf(this.refused, request.base).delete(name);
    if (!Value.Check(request.answer, body)) {
      throw new GluetunError(`the control server's answer has another form: ${this.quoted(text)}`);
    }
    return body;
  }

  /**
   * In Gluetun a role permits single routes, so a route may be refused although the credentials are right. Gluetun
   * answers 401 in both cases.
   */
  private refusal(status: number, request: ControlRequest<TSchema>): Problem {
    const { base, route, olderRoute } = request;
    const permitted = routesOf(this.permitted, base);
    const refusedBefore = routesOf(this.refused, base);
    const isOlder = [...this.older].some((key) => key.startsWith(`${base.host} `));
    const missing = `${method(request)} ${isOlder ? (olderRoute ?? route) : route}`;
    // A route that was permitted before and is refused now means that the credentials have changed.
    if (permitted.has(missing)) permitted.clear();
    const [other] = permitted;
    refusedBefore.add(missing);
    const credentials = 'GLUETUN_API_KEY, or GLUETUN_USER and GLUETUN_PASSWORD';
    if (other === undefined)
      return {
        what: `the control server refuses access (${status})`,
        todo: `set ${credentials}, as in its auth configuration, where a role has to permit ${missing}`,
      };
    // All routes, so that a user who copies the line loses none.
    const routes = [...permitted, ...refusedBefore].map((name) => JSON.stringify(name)).join(', ');
    const refused = `the control server refuses ${missing} (${status})`;
    return this.auth.kind === 'none'
      ? {
          what: `${refused}, while it permits ${other} to everybody`,
          todo: `in its auth configuration give a role routes = [${routes}], and set ${credentials}`,
        }
      : {
          what: `${refused}, while it permits ${other} with the same credentials`,
          todo: `in its auth configuration give their role routes = [${routes}]`,
        };
  }

  private explained(error: unknown, base: URL, timeoutMs: number): GluetunError {
    if (error instanceof DeadlineExceeded) {
      return new GluetunError(`the control server at ${base.host} gave no answer within ${timeoutMs} ms`, 'timeout');
    }
    if (error instanceof AnswerTooLong) {
      return new GluetunError(`the control server's answer is over ${ANSWER_BYTES_AT_MOST} bytes`);
    }
    const message = `the control server at ${base.host} can't be reached: ${this.shown(messageOf(error))}`;
    return CONNECTION_NEVER_MADE.has(codeOf(error) ?? '')
      ? new NotAccepted(message, 'unreachable')
      : new GluetunError(message, 'unreachable');
  }

  private quoted(text: string): string {
    return JSON.stringify(this.shown(text).slice(0, 60));
  }

  private shown(text: string): string {
    return withoutSecrets(text, this.auth);
  }
}

function method({ put }: ControlRequest<TSchema>): 'GET' | 'PUT' {
  return put === undefined ? 'GET' : 'PUT';
}

function isRefusal(status: number): boolean {
  return status === 401 || status === 403;
}

/** The routes of one host. */
function routesOf(routes: Map<string, Set<string>>, { host }: URL): Set<string> {
  const found = routes.get(host) ?? new Set();
  routes.set(host, found);
  return found;
}
