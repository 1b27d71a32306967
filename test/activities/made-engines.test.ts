import { MadeEngines } from '../../src/activities/docker/made-engines';
import type { ObservedEngine } from '../../src/domain/vpn/observation';
import { DAY, snapshot } from '../builders';

// Which changes of engines that replacements are making end an observation.

const MADE = 'abcdef12/2';

function engine(change: Partial<ObservedEngine> = {}): ObservedEngine {
  return {
    ...{ id: 'made', name: 'made', role: 'plain', httpPort: 19_000, httpsPort: null, p2pPort: null },
    ...{ labels: { 'portward.replacement': MADE }, createdAt: DAY, evicted: false, networkOf: 'vpn-container' },
    ...{ running: true, startedAt: DAY, health: 'unknown' },
    ...change,
  };
}
const showing = (...found: ObservedEngine[]) => snapshot(40_000, { found, engines: found });
/** Whether an engine is lost in the last of these snapshots. */
const lost = (...snapshots: ReturnType<typeof showing>[]) => {
  const made = new MadeEngines({ replacements: [MADE] });
  return snapshots.map((one) => made.follow(one)).at(-1);
};

test('the creation, start and first answer of such an engine do not', () => {
  const created = engine({ running: false, startedAt: null });
  expect(lost(showing(), showing(created), showing(engine()), showing(engine({ health: 'healthy' })))).toBe(false);
});

test.each([
  ['has ended', showing(engine({ running: false, startedAt: null }))],
  ['is gone', showing()],
  ['was started again', showing(engine({ startedAt: DAY + 1 }))],
  ['answers no more', showing(engine({ health: 'unhealthy' }))],
])('that an engine which ran %s does', (_, after) => {
  expect(lost(showing(engine()), after)).toBe(true);
});

test('changes of other engines are not judged here', () => {
  const other = engine({ labels: {} });
  expect(lost(showing(other), showing())).toBe(false);
});
