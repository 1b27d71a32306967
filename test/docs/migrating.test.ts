import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { leftOutNotice, leftOutVariables } from '../../src/config/left-out-variables';
import { variables } from '../../src/config/variables';
import { configured } from '../config/environment';

// Existing `.env` files go on working: Portward reads each variable of the old system, or the document and the log say that it is left out.

/** All variables of the old system. */
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
/** Variables that end with a VPN's number. They are not in `variables`, so the test checks that a wrong value is noticed. */
const NUMBERED = ['GLUETUN_PORT_RANGE_1', 'GLUETUN_PORT_RANGE_2'];

const document = readFileSync(join(__dirname, '../../docs/guides/migrating.md'), 'utf8');
const [, section = ''] = document.split('\n## Variables\n');
const [readAsBefore = '', leftOutOfIt = ''] = (section.split('\n## ')[0] ?? '').split('These are left out.');
/** The list items in a text: what stands before the colon, and what after it. */
const itemsIn = (text: string) =>
  [...text.matchAll(/^- ([^:]+): ([^]+?)(?=\n- |\n\n|$(?![^]))/gm)].map(([, what = '', because = '']) => ({
    what,
    because,
  }));
const carriedOver = itemsIn(readAsBefore).flatMap(({ because }) => because.split(/,\s+/));
const leftOut = itemsIn(leftOutOfIt).map(({ what }) => what);

test('the document lists each variable of the old system once, as carried over or left out', () => {
  expect([...carriedOver, ...leftOut].toSorted()).toEqual(FORMER.toSorted());
});

test('variables that the document calls carried over are read', () => {
  expect(carriedOver.filter((name) => !(name in variables) && !NUMBERED.includes(name))).toEqual([]);
  for (const name of NUMBERED) {
    const env = { VPN_MODE: 'redundant', GLUETUN_CONTAINER_NAME_2: 'gluetun2', [name]: 'nonsense' };
    expect(() => configured(env)).toThrow(name);
  }
});

test('variables that the document calls left out are not read, have a reason, and are named in the log at the start', () => {
  expect(leftOut.filter((name) => name in variables)).toEqual([]);
  expect(itemsIn(leftOutOfIt).filter(({ because }) => because.length < 20)).toEqual([]);
  expect(Object.keys(leftOutVariables).toSorted()).toEqual(leftOut.toSorted());
});

test('one log line names all variables that are set without effect; without any there is no line', () => {
  expect(leftOutNotice({ IDLE_TTL_S: '600', AUTO_DELETE: 'true', MIN_REPLICAS: '1' })).toMatch(
    /^Set, but without effect: IDLE_TTL_S .*, AUTO_DELETE .*docs\/reference\/configuration\.md$/,
  );
  expect(leftOutNotice({ PORTWARD_TEMPORAL_UI_IP: '0.0.0.0' })).toMatch(
    /UI_IP \(the Temporal UI is now at \/temporal of/,
  );
  expect(leftOutNotice({ IDLE_TTL_S: ' ', MIN_REPLICAS: '1' })).toBeNull();
});
