import * as fleet from '../../src/workflows/fleet/message-schemas';
import * as replacement from '../../src/workflows/replacement/message-schemas';
import type { Reader } from '../../src/workflows/shared/message-schema';
import * as vpn from '../../src/workflows/vpn/message-schemas';
import { vpnSettings } from '../builders';

const REF = {
  id: 'c1',
  name: 'acestream-gluetun-1',
  role: 'forwarded',
  httpPort: 6878,
  httpsPort: 6879,
  p2pPort: 40_000,
};
const ENGINE = {
  ...REF,
  labels: { a: 'b' },
  firstSeen: 1,
  ready: true,
  health: 'healthy',
  run: 2,
  lastUsedAt: 3,
  cutOff: false,
};
const SENDER = { incarnation: 'l1', number: 7 };
const STREAM = {
  id: 'k|s',
  keyType: 'infohash',
  key: 'k',
  containerId: 'c1',
  playbackSessionId: 's',
  statUrl: '/stat',
  commandUrl: '/cmd',
  isLive: true,
  startedAt: 5,
  endedAt: null,
  endReason: null,
};
const oneEvent = (value: unknown) => vpn.readStreamEvents([value])?.events[0] ?? null;

/** A message of each kind with every field, each of them needed; `null` in it stands for a field that can be nothing else. */
const messages: Record<string, readonly [Reader<unknown>, object]> = {
  settings: [vpn.readSettings, vpnSettings()],
  'the start of a stream': [oneEvent, { kind: 'started', stream: STREAM }],
  'the end of a stream': [oneEvent, { kind: 'ended', id: 'k|s', at: 5, reason: 'closed' }],
  'a request for an engine': [
    vpn.readProvisionRequest,
    { requestId: 'r', labels: { a: 'b' }, sealedEnv: 'x', httpPort: 7_000 },
  ],
  'a request to remove an engine': [vpn.readRemoveRequest, { engine: 'c1' }],
  'an engine that was made': [vpn.readEngineMade, { ...SENDER, generation: 1, id: 'c1', name: 'n' }],
  'an engine that is ready': [vpn.readEngineReady, { ...SENDER, generation: 1, engine: ENGINE, session: 's' }],
  'an engine that stays': [vpn.readEngineLeft, { ...SENDER, engine: REF, generation: 1, reason: 'busy' }],
  'a replacement that asks for leave': [vpn.readLeaveAsked, { ...SENDER, engine: 'c1' }],
  'an attempt that failed': [
    vpn.readAttemptFailed,
    {
      ...SENDER,
      failedAttempts: 1,
      error: 'no image',
      provisioning: true,
      countsForBreaker: true,
      taken: { ports: [6_878], by: 'torrent' },
    },
  ],
  'a replacement that ended': [vpn.readReplacementEnded, { ...SENDER, generation: 1, failedAttempts: 0 }],
  'a target': [
    replacement.readTarget,
    {
      generation: 2,
      role: 'plain',
      httpPort: 6_878,
      httpsPort: 6_879,
      p2pPort: 40_000,
      waitFor: ['c0'],
      callerOptions: { labels: {}, sealedEnv: 'x' },
    },
  ],
  'ports that something else has': [
    replacement.readPortsTaken,
    { taken: { ports: [6_878], by: 'torrent' }, started: true },
  ],
  "the fleet's settings": [
    fleet.readFleetSettings,
    {
      instance: 'i',
      vpns: [{ vpn: 'gluetun', capacity: 50, initialTarget: 1 }],
      minReplicas: 0,
      minFreeReplicas: 1,
      maxReplicas: 10,
      maxActiveReplicas: 10,
      autoscaleIntervalMs: 1_000,
    },
  ],
  "a VPN's report": [
    fleet.readPoolReport,
    { vpn: 'gluetun', incarnation: 'l1', facts: { condition: 'healthy', engines: 1, busy: 0, reserved: 0, target: 1 } },
  ],
};

describe.each(Object.entries(messages))('%s', (_, [read, message]) => {
  test('is read as it came', () => {
    expect(read(message)).toEqual(message);
  });

  test('may have fields that this version does not know', () => {
    expect(read({ ...message, addedLater: 1 })).not.toBeNull();
  });

  test.each(pathsOf(message).map((path) => [path.join('.'), path] as const))('is refused without %s', (_name, path) => {
    expect(read(changed(message, path, (parent, key) => delete parent[key]))).toBeNull();
  });

  test.each(pathsOf(message).map((path) => [path.join('.'), path] as const))(
    'is refused with nonsense in %s',
    (_name, path) => {
      expect(read(changed(message, path, (parent, key) => (parent[key] = nonsense)))).toBeNull();
    },
  );

  test.each([undefined, null, 0, 'text', [], {}])('is refused as %j', (value) => {
    expect(read(value)).toBeNull();
  });
});

test.each([
  [
    { engine: 'c1', reason: 'slow', requestId: 'r' },
    { engine: 'c1', reason: 'slow', requestId: 'r' },
  ],
  [{ engine: null }, {}],
  [null, {}],
  [undefined, {}],
  [{ engin: 'c1' }, null],
  [{ engine: '' }, null],
  [{ reason: 'x'.repeat(1_001) }, null],
  ['c1', null],
])('a request to replace an engine, sent as %j, is read as %j', (sent, read) => {
  expect(vpn.readReplaceRequest(sent)).toEqual(read);
});

test.each([
  [vpn.readEngineCount, 1_000, 1_001],
  [vpn.readEngineCount, 0, -1],
  [fleet.readDemand, 100_000, 100_001],
  [fleet.readDemand, 0, 0.5],
] as const)('a count is read up to its limits', (read, inside, outside) => {
  expect([read(inside), read(outside)]).toEqual([inside, null]);
});

/** No field takes a function. */
function nonsense(): void {}

type Fields = Record<string, unknown>;

/** The paths of all fields, but for the free names of labels and the items of lists. */
function pathsOf(value: object, before: readonly string[] = []): string[][] {
  return Object.entries(value).flatMap(([key, field]) => {
    const path = [...before, key];
    const isClosed = typeof field === 'object' && field !== null && !Array.isArray(field) && key !== 'labels';
    return [path, ...(isClosed ? pathsOf(field as object, path) : [])];
  });
}

function changed(message: object, path: readonly string[], change: (parent: Fields, key: string) => unknown): unknown {
  const copy = structuredClone(message) as Fields;
  const parent = path.slice(0, -1).reduce((fields, key) => fields[key] as Fields, copy);
  change(parent, path.at(-1) ?? '');
  return copy;
}
