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
 * The whole, checked configuration: the values that `variables` places in it, and values that follow from several
 * variables. It holds secrets, so it is never logged or sent anywhere as a whole.
 */
export interface Config extends Omit<OfVariables, 'api' | 'engine'> {
  readonly api: OfVariables['api'] & {
    /** API keys, each of which opens the protected routes. Empty: see `allowUnauthenticated`. */
    readonly keys: readonly string[];
    /** How far a list may be behind its workflow and still count as fresh, in ms. */
    readonly enginesLagMs: number;
  };
  readonly vpns: readonly VpnConfig[];
  readonly engine: OfVariables['engine'] & {
    /** `custom`: the variant from ENGINE_FILE. */
    readonly variantName: string;
    readonly variant: Variant;
  };
  /** Where events are sent; null: nowhere. */
  readonly notify: WebhookTarget | null;
  readonly dataDir: string;
}

/** Every mistake in the configuration, in one message. */
export class ConfigError extends Error {
  constructor(readonly mistakes: readonly string[]) {
    super(
      `Configuration is wrong in ${mistakes.length} place${mistakes.length === 1 ? '' : 's'}:\n${mistakes.map((m) => `  - ${m}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

/** @param parts the parts that run with it @throws ConfigError */
export function loadConfig(env: Env, parts: readonly Part[] = ['worker', 'api']): Config {
  const reading = readEnvironment(env);
  const { values, given, mistakes } = reading;
  const vpns = vpnConfigs(reading);
  const engine = engineVariant(values, given, mistakes);
  // Temporal's client reads this variable itself, and would repeat its value in an error.
  checkedHeaderSecret('TEMPORAL_API_KEY', given['TEMPORAL_API_KEY'] ?? '', mistakes);
  checkAcross(reading, parts);
  if (mistakes.length > 0 || !engine) throw new ConfigError(mistakes);

  const config = placed(variables, values);
  const { NOTIFY_URL: url, NOTIFY_SECRET: secret = null } = values;
  return {
    ...config,
    api: {
      ...config.api,
      keys: [values.API_KEY, values.API_KEY_2].filter((key) => key !== ''),
      enginesLagMs: values.ENGINES_MAX_AGE_MS + LAG_ALLOWED_MS,
    },
    vpns,
    pool: { ...config.pool, minFreeReplicas: minFreeReplicas(reading) },
    engine: { ...config.engine, ...engine },
    notify: url === undefined ? null : { url, secret },
    dataDir: dataDir(env),
  };
}

/** A user who wants only forwarded engines (MIN_REPLICAS=0) gets no free ones, unless MIN_FREE_REPLICAS is set. */
function minFreeReplicas({ values, given }: Reading): number {
  return values.MIN_REPLICAS === 0 && given['MIN_FREE_REPLICAS'] === undefined ? 0 : values.MIN_FREE_REPLICAS;
}
