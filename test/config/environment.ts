import { ConfigError, loadConfig, type Config } from '../../src/config';

type Env = Readonly<Record<string, string>>;

/** What every configuration needs at least. */
export const ONE_VPN = { GLUETUN_CONTAINER_NAME: 'gluetun' };
export const TWO_VPNS = { VPN_MODE: 'redundant', ...ONE_VPN, GLUETUN_CONTAINER_NAME_2: 'gluetun2' };

export function configured(env: Env = {}): Config {
  return loadConfig({ ...ONE_VPN, ...env });
}

/** What is wrong with an environment, one text a mistake. */
export function mistakes(env: Env): readonly string[] {
  return configError(env).mistakes;
}

export function configError(env: Env): ConfigError {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('expected a ConfigError, found a configuration');
}
