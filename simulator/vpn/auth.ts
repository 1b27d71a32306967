import type { IncomingMessage } from 'node:http';
import { isRecord, RefusedRequest } from '../inside/json-exchange';
import type { Auth, Release } from './messages';

/** Whether Gluetun would let this request through (internal/server/middlewares/auth of qdm12/gluetun). */
export function isAuthorized(auth: Auth, release: Release, request: IncomingMessage): boolean {
  if (auth.mode === 'none') return true;
  // Up to v3.41 a default public role has the usual routes; master has no such role.
  if (auth.mode === 'unconfigured') return release !== 'master';
  if (auth.mode === 'apikey') return request.headers['x-api-key'] === auth.key;
  const credentials = Buffer.from(`${auth.user}:${auth.password}`).toString('base64');
  return request.headers.authorization === `Basic ${credentials}`;
}

/** Throws RefusedRequest if the value is not an Auth. */
export function parseAuth(value: unknown): Auth {
  if (isRecord(value)) {
    const { mode, key, user, password } = value;
    if (mode === 'none' || mode === 'unconfigured') return { mode };
    if (mode === 'apikey' && typeof key === 'string') return { mode, key };
    if (mode === 'basic' && typeof user === 'string' && typeof password === 'string') return { mode, user, password };
  }
  throw new RefusedRequest(
    400,
    `auth: expected {mode: none|unconfigured}, {mode: apikey, key} or {mode: basic, user, password}, found ${JSON.stringify(value)}`,
  );
}
