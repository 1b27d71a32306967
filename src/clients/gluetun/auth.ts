import { withoutSecrets as hidden } from '../../secrets/without-secrets';

/** The credentials for Gluetun's control server. They are secret and stay in this process. */
export type GluetunAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'api-key'; readonly key: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string };

export function authHeaders(auth: GluetunAuth): Record<string, string> {
  switch (auth.kind) {
    case 'none':
      return {};
    case 'api-key':
      return { 'X-API-Key': auth.key };
    case 'basic':
      return { Authorization: `Basic ${base64(auth)}` };
  }
}

/** A shorter user name is not hidden, since it may be a common word. */
const SHORT_NAME = 8;

/** Hides the credentials in a text, which may quote the request's headers, escaped or encoded. */
export function withoutSecrets(text: string, auth: GluetunAuth): string {
  return hidden(text, secrets(auth));
}

function secrets(auth: GluetunAuth): string[] {
  switch (auth.kind) {
    case 'none':
      return [];
    case 'api-key':
      return [auth.key];
    case 'basic':
      return [auth.password, base64(auth), auth.user.length < SHORT_NAME ? '' : auth.user];
  }
}

function base64({ user, password }: { readonly user: string; readonly password: string }): string {
  return Buffer.from(`${user}:${password}`).toString('base64');
}
