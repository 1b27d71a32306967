import type { DockerLooker } from '../../src/activities/docker-look';
import { DockerWatch } from '../../src/activities/docker-watch';
import type { VpnMemory } from '../../src/activities/vpn-memory';
import { dockerError } from '../../src/docker/docker-error';
import type { VpnObservation } from '../../src/domain/observation';

const INTERVAL_MS = 5_000;

/** A Docker that answers unless `fails` throws, and a VPN that is always well. */
function watched(eventsAreMissing: () => boolean, fails: () => void = () => undefined) {
  const asked: string[] = [];
  const blind: string[] = [];
  const looker = {
    look: async () => {
      asked.push('look');
      fails();
      return { at: 0, vpn: { kind: 'absent' }, details: null, engines: [], imagePresent: true };
    },
    forget: () => void asked.push('forget'),
  } as unknown as DockerLooker;
  const memory = {
    crashLoop: { steady: (vpn: VpnObservation) => vpn },
    doubt: { looked: () => undefined, isOpen: () => false },
  } as unknown as VpnMemory;
  const stopping = new AbortController();
  const { signal } = stopping;
  const watch = new DockerWatch({
    ...{ vpn: 'gluetun', looker, memory, signal, intervalMs: INTERVAL_MS, eventsAreMissing },
    ...{
      looked: () => undefined,
      changed: () => watch.latest && 'cause' in watch.latest && blind.push(watch.latest.cause),
    },
  });
  return { asked, blind, run: watch.run(), stop: () => stopping.abort() };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('while no events come Docker is asked for everything every 2 s, and as before when they come again', async () => {
  let missing = true;
  const { asked, run, stop } = watched(() => missing);
  await jest.advanceTimersByTimeAsync(4_100);
  expect(asked).toEqual(['forget', 'look', 'forget', 'look', 'forget', 'look']);
  missing = false;
  await jest.advanceTimersByTimeAsync(2_000);
  asked.length = 0;
  await jest.advanceTimersByTimeAsync(INTERVAL_MS + 100);
  expect(asked).toEqual(['look']);
  stop();
  await jest.advanceTimersByTimeAsync(1);
  await run;
});

const broken = () => dockerError(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
const refused = () => dockerError(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));

test.each([
  ['what the next connections say is told', [broken(), broken(), broken(), refused()], ['ECONNREFUSED']],
  ['nothing is told when the next one is answered', [broken(), broken(), broken()], []],
  ['that is told when nothing else is known', Array.from({ length: 10 }, broken), ['broken']],
])('connections that Docker breaks off: %s', async (_what, failures, told) => {
  const left = [...failures];
  const { blind, run, stop } = watched(
    () => false,
    () => {
      const failure = left.shift();
      if (failure) throw failure;
    },
  );
  await jest.advanceTimersByTimeAsync(INTERVAL_MS - 1_000);
  expect(blind).toEqual(told);
  stop();
  await jest.advanceTimersByTimeAsync(1);
  await run;
});
