import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { leftOutNotice, leftOutVariables } from '../../src/config/left-out-variables';
import { variables } from '../../src/config/variables';
import { configured } from '../config/environment';

// Existing `.env` files go on working: each variable of the system before Portward is read, or told to be left out.

/** All that it had. */
const FORMER = [
  ...['APP_PORT', 'API_KEY', 'CONTAINER_LABEL', 'ENGINE_VARIANT', 'ENGINE_ARM32_VERSION', 'ENGINE_ARM64_VERSION'],
  ...['VPN_MODE', 'GLUETUN_CONTAINER_NAME', 'GLUETUN_CONTAINER_NAME_2', 'GLUETUN_API_PORT'],
  ...['GLUETUN_HEALTH_CHECK_INTERVAL_S', 'GLUETUN_PORT_CACHE_TTL_S', 'GLUETUN_PORT_RANGE_1', 'GLUETUN_PORT_RANGE_2'],
  ...['VPN_RESTART_ENGINES_ON_RECONNECT', 'VPN_UNHEALTHY_RESTART_TIMEOUT_S'],
  ...['MIN_REPLICAS', 'MIN_FREE_REPLICAS', 'MAX_REPLICAS', 'MAX_ACTIVE_REPLICAS', 'AUTOSCALE_INTERVAL_S'],
  ...['ENGINE_GRACE_PERIOD_S', 'IDLE_TTL_S', 'AUTO_DELETE', 'STARTUP_TIMEOUT_S', 'PORT_RANGE_HOST', 'ACE_HTTPS_RANGE'],
  ...['HEALTH_CHECK_INTERVAL_S', 'HEALTH_FAILURE_THRESHOLD'],
  ...['CIRCUIT_BREAKER_FAILURE_THRESHOLD', 'CIRCUIT_BREAKER_RECOVERY_TIMEOUT_S'],
  ...['CIRCUIT_BREAKER_REPLACEMENT_THRESHOLD', 'CIRCUIT_BREAKER_REPLACEMENT_TIMEOUT_S'],
  ...['COLLECT_INTERVAL_S', 'STATS_HISTORY_MAX', 'DEBUG_MODE', 'DEBUG_LOG_DIR'],
];
/** With a VPN's number at its end, and read beside the others: a wrong one must be noticed. */
const NUMBERED = ['GLUETUN_PORT_RANGE_1', 'GLUETUN_PORT_RANGE_2'];

const document = readFileSync(join(__dirname, '../../docs/guides/migrating.md'), 'utf8');
const [, section = ''] = document.split('\n## Variables\n');
const [readAsBefore = '', leftOutOfIt = ''] = (section.split('\n## ')[0] ?? '').split('These are left out.');
/** Of the list items below that: what stands before the colon, and what after it. */
const itemsIn = (text: string) =>
  [...text.matchAll(/^- ([^:]+): ([^]+?)(?=\n- |\n\n|$(?![^]))/gm)].map(([, what = '', because = '']) => ({
    what,
    because,
  }));
const carriedOver = itemsIn(readAsBefore).flatMap(({ because }) => because.split(/,\s+/));
const leftOut = itemsIn(leftOutOfIt).map(({ what }) => what);

test('each variable of the system before is told to carry over or to be left out, once', () => {
  expect([...carriedOver, ...leftOut].toSorted()).toEqual(FORMER.toSorted());
});

test('what is told to carry over is read', () => {
  expect(carriedOver.filter((name) => !(name in variables) && !NUMBERED.includes(name))).toEqual([]);
  for (const name of NUMBERED) {
    const env = { VPN_MODE: 'redundant', GLUETUN_CONTAINER_NAME_2: 'gluetun2', [name]: 'nonsense' };
    expect(() => configured(env)).toThrow(name);
  }
});

test('what is told to be left out is not read, has a reason, and is what the log tells at the start', () => {
  expect(leftOut.filter((name) => name in variables)).toEqual([]);
  expect(itemsIn(leftOutOfIt).filter(({ because }) => because.length < 20)).toEqual([]);
  expect(Object.keys(leftOutVariables).toSorted()).toEqual(leftOut.toSorted());
});

test('one line tells of all that are set without effect; none when there is none', () => {
  expect(leftOutNotice({ IDLE_TTL_S: '600', AUTO_DELETE: 'true', MIN_REPLICAS: '1' })).toMatch(
    /^Set, but without effect: IDLE_TTL_S .*, AUTO_DELETE .*docs\/reference\/configuration\.md$/,
  );
  expect(leftOutNotice({ PORTWARD_TEMPORAL_UI_IP: '0.0.0.0' })).toMatch(
    /UI_IP \(the Temporal UI is now at \/temporal of/,
  );
  expect(leftOutNotice({ IDLE_TTL_S: ' ', MIN_REPLICAS: '1' })).toBeNull();
});
