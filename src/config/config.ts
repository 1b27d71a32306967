import type { Variant } from '../clients/engine/variant';
import type { WebhookTarget } from '../clients/webhook';
import { checkedHeaderSecret } from '../secrets/header-secrets';
import { checkAcross, LAG_ALLOWED_MS, type Part } from './across';
import { engineVariant } from './engine-kind';
import { dataDir } from './folders';
import { readEnvironment, type Env, type Reading } from './reading';
import { placed, type Placed } from './targets';
import { variables, type Variables } from './variables';
import { vpnConfigs, type VpnConfig } from './vpns';

type OfVariables = Placed<typeof variables, Variables>;

/**
 * The whole configuration, checked: what `variables` places in it, and what is made of several of them. It holds secrets: it is
 * never logged or sent anywhere as a whole.
 */
export interface Config extends Omit<OfVariables, 'api' | 'engine'> {
  readonly api: OfVariables['api'] & {
    /** Any of them opens the routes that ask for one; none: see `allowUnauthenticated`. */
    readonly keys: readonly string[];
    /** For how long a list may be behind its workflow and still counts as fresh. */
    readonly enginesLagMs: number;
  };
  readonly vpns: readonly VpnConfig[];
  readonly engine: OfVariables['engine'] & {
    /** `custom` for one from ENGINE_FILE. */
    readonly variantName: string;
    readonly variant: Variant;
  };
  /** Who is told of what happens. */
  readonly notify: WebhookTarget | null;
  readonly dataDir: string;
}

/** All that is wrong with the configuration, in one message. */
export class ConfigError extends Error {
  constructor(readonly mistakes: readonly string[]) {
    super(
      `Configuration is wrong in ${mistakes.length} place${mistakes.length === 1 ? '' : 's'}:\n${mistakes.map((m) => `  - ${m}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

/** @param parts what is to run with it @throws ConfigError */
export function loadConfig(env: Env, parts: readonly Part[] = ['worker', 'api']): Config {
  const reading = readEnvironment(env);
  const { read, given, mistakes } = reading;
  const vpns = vpnConfigs(reading);
  const engine = engineVariant(read, given, mistakes);
  // Read by Temporal's client, whose error would repeat it.
  checkedHeaderSecret('TEMPORAL_API_KEY', given['TEMPORAL_API_KEY'] ?? '', mistakes);
  checkAcross(reading, parts);
  if (mistakes.length > 0 || !engine) throw new ConfigError(mistakes);

  const config = placed(variables, read);
  const { NOTIFY_URL: url, NOTIFY_SECRET: secret = null } = read;
  return {
    ...config,
    api: {
      ...config.api,
      keys: [read.API_KEY, read.API_KEY_2].filter((key) => key !== ''),
      enginesLagMs: read.ENGINES_MAX_AGE_MS + LAG_ALLOWED_MS,
    },
    vpns,
    pool: { ...config.pool, minFreeReplicas: minFreeReplicas(reading) },
    engine: { ...config.engine, ...engine },
    notify: url === undefined ? null : { url, secret },
    dataDir: dataDir(env),
  };
}

/** Who wants no engines but the forwarded ones wants no free ones either, unless they say so. */
function minFreeReplicas({ read, given }: Reading): number {
  return read.MIN_REPLICAS === 0 && given['MIN_FREE_REPLICAS'] === undefined ? 0 : read.MIN_FREE_REPLICAS;
}
