import type { PullPolicy } from '../../domain/settings';
import { to } from '../targets';
import { imageTag, integer, matching, oneOf, seconds, text } from '../validators';

// Variables of the engines, and of how many there are: see index.ts.

export const engineVariables = {
  CONTAINER_LABEL: to(
    'containerLabel',
    matching(
      /^[^=\s]+=[^=\s]+$/,
      'a label as name=value',
    )({
      default: 'ondemand.app=myservice',
      desc: 'Label, as name=value, that marks the containers that Portward may touch.',
    }),
  ),
  ENGINE_VARIANT: text({
    default: 'krinkuto11-amd64',
    desc: 'Kind of engine: krinkuto11-amd64, jopsis-amd64, jopsis-arm32, jopsis-arm64, or custom with ENGINE_FILE.',
  }),
  ENGINE_ARM32_VERSION: imageTag({ default: 'arm32-v3.2.13', desc: 'Tag of the jopsis-arm32 image.' }),
  ENGINE_ARM64_VERSION: imageTag({ default: 'arm64-v3.2.13', desc: 'Tag of the jopsis-arm64 image.' }),
  ENGINE_FILE: text({
    default: '',
    desc: 'JSON file that describes an engine of your own, see docs/guides/own-engine.md; then do not set ENGINE_VARIANT.',
  }),
  ENGINE_IMAGE: text({ default: '', desc: "Image to use instead of the variant's own." }),
  PULL_POLICY: to(
    'engine.pullPolicy',
    oneOf<PullPolicy>(
      'missing',
      'always',
      'never',
    )({
      default: 'missing',
      desc: 'When Portward pulls the image: missing (if it is not there), always (also at each start of Portward), never.',
    }),
  ),
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: to(
    'everyVpn.breakers.general.threshold',
    integer(
      1,
      100,
    )({
      default: 5,
      desc: 'The same for engines that replace no other: first ones, further ones, and those that a caller requests without an environment of their own.',
    }),
  ),
  CIRCUIT_BREAKER_RECOVERY_TIMEOUT_S: to(
    'everyVpn.breakers.general.recoveryMs',
    seconds(1, 86_400)({ default: 300_000, desc: 'How long Portward then starts none of those engines, in seconds.' }),
  ),
  CIRCUIT_BREAKER_REPLACEMENT_THRESHOLD: to(
    'everyVpn.breakers.replacement.threshold',
    integer(
      1,
      100,
    )({
      default: 3,
      desc: 'How many replacements in a row may fail, because their engine does not come up, before Portward pauses.',
    }),
  ),
  CIRCUIT_BREAKER_REPLACEMENT_TIMEOUT_S: to(
    'everyVpn.breakers.replacement.recoveryMs',
    seconds(
      1,
      86_400,
    )({ default: 180_000, desc: 'How long Portward then starts no engine for a replacement, in seconds.' }),
  ),
  MIN_REPLICAS: to(
    'pool.minReplicas',
    integer(
      0,
      1000,
    )({
      default: 1,
      desc: 'Fewest engines over all VPNs, spread evenly. Each VPN has its forwarded engine in any case. 0: only forwarded engines.',
    }),
  ),
  MIN_FREE_REPLICAS: to(
    'pool.minFreeReplicas',
    integer(0, 1000)({ default: 1, desc: 'Fewest engines without a stream, over all VPNs.' }),
  ),
  MAX_REPLICAS: to(
    'pool.maxReplicas',
    integer(
      1,
      1000,
    )({
      default: 20,
      desc: 'Most engines over all VPNs. Forwarded engines and engines with a stream stay in any case.',
    }),
  ),
  MAX_ACTIVE_REPLICAS: to(
    'pool.maxActiveReplicas',
    integer(1, 1000)({ default: 20, desc: 'The same as MAX_REPLICAS; the lower of the two counts.' }),
  ),
  AUTOSCALE_INTERVAL_S: to(
    'pool.autoscaleIntervalMs',
    seconds(
      1,
      3600,
    )({
      default: 30_000,
      desc: "How often Portward asks a VPN's workflow again if it has not reported how many engines it has, in seconds (1 to 3600).",
    }),
  ),
  ENGINE_GRACE_PERIOD_S: to(
    'pool.idleGraceMs',
    seconds(
      0,
      86_400,
    )({
      default: 30_000,
      desc: 'How long a surplus engine has to be without a stream before Portward removes it, in seconds.',
    }),
  ),
  DRAIN_TIMEOUT_S: to(
    'everyVpn.drainMs',
    seconds(
      0,
      86_400,
    )({
      default: 0,
      desc: 'How long an engine that is replaced or removed may go on with its streams, in seconds. 0: only for EVICTION_GRACE_S.',
    }),
  ),
  COLLECT_INTERVAL_S: to(
    'collectIntervalMs',
    seconds(
      1,
      3600,
    )({
      default: 5_000,
      desc: 'How often Portward asks engines for the statistics of their streams, in seconds (1 to 3600).',
    }),
  ),
  STARTUP_TIMEOUT_S: to(
    'everyVpn.startupTimeoutMs',
    seconds(
      1,
      540,
    )({
      default: 25_000,
      desc: 'How long a new engine may take until it answers, in seconds. After that Portward removes it and makes it again.',
    }),
  ),
  STOP_TIMEOUT_S: to(
    'everyVpn.stopTimeoutS',
    integer(
      0,
      300,
    )({ default: 10, desc: 'How long an engine may take to stop before Docker kills it, in whole seconds.' }),
  ),
  EVICTION_GRACE_S: to(
    'everyVpn.evictionGraceMs',
    seconds(
      0,
      300,
    )({
      default: 3_000,
      desc: 'How long a hidden engine runs on before Portward stops it, in seconds; must be longer than proxies keep the list.',
    }),
  ),
  PROXY_CACHE_S: seconds(
    0,
    10,
  )({ default: 2_000, desc: 'How long a proxy keeps the list of engines, in seconds (0 to 10).' }),
  HEALTH_CHECK_INTERVAL_S: to(
    'engine.healthCheckIntervalMs',
    seconds(0.5, 3600)({ default: 20_000, desc: "How often Portward checks each engine's API, in seconds." }),
  ),
  HEALTH_FAILURE_THRESHOLD: to(
    'engine.healthFailureThreshold',
    integer(
      1,
      100,
    )({ default: 3, desc: 'After how many failed checks in a row an engine counts as unhealthy and is replaced.' }),
  ),
};
