import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { DeadlineExceeded, withDeadline } from '../deadline';
import type { Port } from '../domain/engine';

/** How Gluetun's control server wants to be asked. Secrets: they stay in this process. */
export type GluetunAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'api-key'; readonly key: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string };

export class GluetunError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GluetunError';
  }
}

export interface GluetunClientOptions {
  readonly auth: GluetunAuth;
  /** For a whole exchange, redirects included. A control server hangs while its own commands run. */
  readonly timeoutMs: number;
}

const ANSWER_BYTES_AT_MOST = 64 * 1024;
const REDIRECTS_AT_MOST = 3;
const CURRENT_PORT_ROUTE = '/v1/portforward';
const OLDER_PORT_ROUTE = '/v1/openvpn/portforwarded';

// `ports` came with the release after v3.41; 0 and an empty list mean "none right now".
const PortAnswer = Type.Object({
  port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  ports: Type.Optional(Type.Union([Type.Null(), Type.Array(Type.Integer({ minimum: 0, maximum: 65_535 }))])),
});
const PublicIpAnswer = Type.Object({ public_ip: Type.String({ minLength: 2, maxLength: 45 }) });

/** Client of Gluetun's control server. Anything but a clear answer is an error that says what came instead (I7). */
export class GluetunClient {
  /** Control servers that only know the older port route. */
  private readonly older = new Set<string>();

  constructor(private readonly options: GluetunClientOptions) {}

  /**
   * The port forwarded now, 1 to 65535.
   * @throws GluetunError also when there is none right now
   */
  forwardedPort(base: URL, signal: AbortSignal): Promise<Port> {
    return this.within(base, signal, async (limit) => {
      const answer = await this.read(await this.portResponse(base, limit), PortAnswer);
      const port = answer.port ?? answer.ports?.[0] ?? 0;
      if (port === 0) throw new GluetunError('the control server says that no port is forwarded right now');
      return port;
    });
  }

  /** @throws GluetunError */
  publicIp(base: URL, signal: AbortSignal): Promise<string> {
    return this.within(base, signal, async (limit) => {
      const answer = await this.read(await this.get(new URL('/v1/publicip/ip', base), limit), PublicIpAnswer);
      return answer.public_ip;
    });
  }

  /** One limit for the whole exchange: a server may hang at any point of it. */
  private async within<T>(base: URL, signal: AbortSignal, exchange: (limit: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(this.options.timeoutMs, signal, exchange);
    } catch (error) {
      throw error instanceof GluetunError ? error : this.explained(error, base);
    }
  }

  private async portResponse(base: URL, signal: AbortSignal): Promise<Response> {
    const routes = [CURRENT_PORT_ROUTE, OLDER_PORT_ROUTE];
    if (this.older.has(base.host)) routes.reverse();
    const [first = CURRENT_PORT_ROUTE, second = OLDER_PORT_ROUTE] = routes;
    const response = await this.get(new URL(first, base), signal);
    if (response.status !== 404) return response;
    await response.body?.cancel();
    const other = await this.get(new URL(second, base), signal);
    if (other.ok) this.older[second === OLDER_PORT_ROUTE ? 'add' : 'delete'](base.host);
    return other;
  }

  private async get(url: URL, signal: AbortSignal): Promise<Response> {
    let target = url;
    for (let hop = 0; hop <= REDIRECTS_AT_MOST; hop++) {
      const response = await fetch(target, { headers: this.headers(), redirect: 'manual', signal });
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) return response;
      await response.body?.cancel();
      if (!URL.canParse(location, target.href))
        throw new GluetunError('the control server redirects to what is no address');
      target = new URL(location, target);
      // Credentials are for this control server alone.
      if (target.host !== url.host)
        throw new GluetunError(`the control server redirects to another host, ${target.host}`);
    }
    throw new GluetunError(`the control server redirects more than ${REDIRECTS_AT_MOST} times`);
  }

  private async read<T extends TSchema>(response: Response, schema: T): Promise<Static<T>> {
    if (response.status === 401 || response.status === 403) {
      await response.body?.cancel();
      throw new GluetunError(
        `the control server refuses access (${response.status}): set GLUETUN_API_KEY, or GLUETUN_USER and GLUETUN_PASSWORD, ` +
          'as in its auth configuration',
      );
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new GluetunError(`the control server answers ${response.status}`);
    }
    const text = await this.text(response);
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      throw new GluetunError(`the control server's answer is not JSON: ${this.quoted(text)}`);
    }
    if (!Value.Check(schema, body)) {
      throw new GluetunError(`the control server's answer has another form: ${this.quoted(text)}`);
    }
    return body;
  }

  private async text(response: Response): Promise<string> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > ANSWER_BYTES_AT_MOST) {
        throw new GluetunError(`the control server's answer is over ${ANSWER_BYTES_AT_MOST} bytes`);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  private explained(error: unknown, url: URL): GluetunError {
    if (error instanceof DeadlineExceeded) {
      return new GluetunError(`the control server at ${url.host} gave no answer within ${this.options.timeoutMs} ms`);
    }
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return new GluetunError(`the control server at ${url.host} can't be reached: ${this.withoutSecrets(cause)}`);
  }

  private quoted(text: string): string {
    return JSON.stringify(this.withoutSecrets(text).slice(0, 60));
  }

  /** A page may show the request's headers, and so may an error about them. */
  private withoutSecrets(text: string): string {
    const { auth } = this.options;
    const secrets = Object.values(this.headers());
    if (auth.kind === 'basic')
      secrets.push(auth.password, Buffer.from(`${auth.user}:${auth.password}`).toString('base64'));
    return secrets.reduce((shown, secret) => (secret === '' ? shown : shown.replaceAll(secret, '***')), text);
  }

  private headers(): Record<string, string> {
    const { auth } = this.options;
    switch (auth.kind) {
      case 'none':
        return {};
      case 'api-key':
        return { 'X-API-Key': auth.key };
      case 'basic':
        return { Authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}` };
    }
  }
}
