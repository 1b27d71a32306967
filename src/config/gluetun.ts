import type { GluetunAuth } from '../clients/gluetun/client';
import { basicMistake, checkedHeaderSecret } from '../secrets/header-secrets';

/**
 * The credentials for a VPN's control server. Variables with the VPN's number at the end override those for all VPNs.
 */
export function gluetunAuth(env: Record<string, string | undefined>, number: number, mistakes: string[]): GluetunAuth {
  const own = (name: string) => env[`${name}_${number}`];
  const of = (name: string) => own(name) ?? env[name];
  const ownBasic = own('GLUETUN_USER') !== undefined || own('GLUETUN_PASSWORD') !== undefined;
  const key = own('GLUETUN_API_KEY') ?? (ownBasic ? undefined : env['GLUETUN_API_KEY']);
  if (key !== undefined) {
    const variable = own('GLUETUN_API_KEY') === undefined ? 'GLUETUN_API_KEY' : `GLUETUN_API_KEY_${number}`;
    return { kind: 'api-key', key: checkedHeaderSecret(variable, key, mistakes) };
  }
  const user = of('GLUETUN_USER');
  const password = of('GLUETUN_PASSWORD');
  if ((user === undefined) !== (password === undefined)) {
    mistakes.push(`GLUETUN_USER and GLUETUN_PASSWORD (or with _${number} at the end): expected both or none`);
  }
  if (user === undefined || password === undefined) return { kind: 'none' };
  const mistake = basicMistake({ user, password });
  if (mistake !== null) mistakes.push(`GLUETUN_USER and GLUETUN_PASSWORD (or with _${number} at the end): ${mistake}`);
  return { kind: 'basic', user, password };
}
