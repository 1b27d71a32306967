import type { Part } from '../../src/config/across';
import { ConfigError, loadConfig, type Config } from '../../src/config/config';

type Env = Readonly<Record<string, string>>;

/** The variables that every configuration needs. */
export const ONE_VPN = { GLUETUN_CONTAINER_NAME: 'gluetun' };
export const TWO_VPNS = { VPN_MODE: 'redundant', ...ONE_VPN, GLUETUN_CONTAINER_NAME_2: 'gluetun2' };

export function configured(env: Env = {}): Config {
  return loadConfig({ ...ONE_VPN, ...env });
}

/** The mistakes in an environment, one text each. */
export function mistakes(env: Env, parts?: readonly Part[]): readonly string[] {
  return configError(env, parts).mistakes;
}

export function configError(env: Env, parts?: readonly Part[]): ConfigError {
  try {
    loadConfig(env, parts);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('expected a ConfigError, found a configuration');
}
