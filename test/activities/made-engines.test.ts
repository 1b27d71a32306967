import { MadeEngines } from '../../src/activities/docker/made-engines';
import type { ObservedEngine } from '../../src/domain/vpn/observation';
import { DAY, sight } from '../builders';

// What an observe tells of engines that replacements are making.

const MADE = 'abcdef12/2';

function engine(change: Partial<ObservedEngine> = {}): ObservedEngine {
  return {
    ...{ id: 'made', name: 'made', role: 'plain', httpPort: 19_000, httpsPort: null, p2pPort: null },
    ...{ labels: { 'portward.replacement': MADE }, createdAt: DAY, evicted: false, networkOf: 'vpn-container' },
    ...{ running: true, startedAt: DAY, health: 'unknown' },
    ...change,
  };
}
const look = (...found: ObservedEngine[]) => sight(40_000, { found, engines: found });
/** Whether the last of the looks has something lost to tell. */
const lost = (...looks: ReturnType<typeof look>[]) => {
  const made = new MadeEngines({ replacements: [MADE] });
  return looks.map((one) => made.follow(one)).at(-1);
};

test('that one is created, started and answers is no news', () => {
  const created = engine({ running: false, startedAt: null });
  expect(lost(look(), look(created), look(engine()), look(engine({ health: 'healthy' })))).toBe(false);
});

test.each([
  ['has ended', look(engine({ running: false, startedAt: null }))],
  ['is gone', look()],
  ['was started again', look(engine({ startedAt: DAY + 1 }))],
  ['answers no more', look(engine({ health: 'unhealthy' }))],
])('that one which ran %s is', (_, after) => {
  expect(lost(look(engine()), after)).toBe(true);
});

test('what nobody is making is not its concern', () => {
  const other = engine({ labels: {} });
  expect(lost(look(other), look())).toBe(false);
});
