import { withoutSecrets as hidden } from '../../secrets/without-secrets';

/** How Gluetun's control server wants to be asked. Secrets: they stay in this process. */
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

/** A shorter user name is a word like any other, and hides nothing. */
const SHORT_NAME = 8;

/** A page may show the request's headers, escaped, encoded or not, and so may an error about them. */
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
