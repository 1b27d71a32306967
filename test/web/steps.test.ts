// The steps of a replacement as bars.
import { stepsOf, stepsOfEnded, type Steps } from '../../web/logic/steps';
import { replacementJson } from './replacement-json';

const START = Date.parse('2026-01-02T03:04:05.000Z');
const after = (ms: number) => new Date(START + ms).toISOString();

const complete = replacementJson({
  state: 'completed',
  new_engine: { container_id: 'new', container_name: 'engine-new' },
  made_at: after(400),
  ready_at: after(1_400),
  gone_at: after(4_800),
  ended_at: after(5_000),
});

function bars({ rows }: Steps) {
  return rows.flatMap(({ label, bars: all }) =>
    all.map(({ from, to, tone, open }) => [label, tone, from - START, Math.round(to - START), open]),
  );
}

test('a completed replacement shows when the old engine was hidden, and when the new engine was created, started and listed', () => {
  const steps = stepsOf(complete, 0);
  expect(bars(steps)).toEqual([
    ['Old engine', 'hidden', 0, 4_800, false],
    ['New engine', 'making', 0, 400, false],
    ['New engine', 'starting', 400, 1_400, false],
    ['New engine', 'listed', 1_400, 5_600, true],
  ]);
  expect(steps.steps.map(({ what, at }) => [what, at === null ? null : at - START])).toEqual([
    ['Old engine hidden', 0],
    ['New engine started', 400],
    ['New engine answered and listed', 1_400],
    ['Old engine stopped and removed', 4_800],
  ]);
  expect(steps.gapMs).toBe(1_400);
});

test('a running replacement grows with time, and shows which steps are still to come', () => {
  const steps = stepsOf(replacementJson({ made_at: after(400) }), START + 3_000);
  expect(bars(steps)).toEqual([
    ['Old engine', 'hidden', 0, 3_000, true],
    ['New engine', 'making', 0, 400, false],
    ['New engine', 'starting', 400, 3_000, true],
  ]);
  expect(steps.gapMs).toBe(3_000);
  expect(steps.steps.filter(({ at }) => at === null).map(({ what }) => what)).toEqual([
    'New engine answered and listed',
    'Old engine stopped and removed',
  ]);
});

test('the first engine has no old engine, and a removed engine has no new one', () => {
  const first = stepsOf(
    { ...complete, old_engine: null, old_port: null, gone_at: null, ended_at: complete.ready_at },
    0,
  );
  expect(first.rows.map(({ label }) => label)).toEqual(['New engine']);
  expect(first.gapMs).toBeNull();
  const removed = stepsOf(
    { ...complete, cause: 'surplus', new_engine: null, new_port: null, made_at: null, ready_at: null },
    0,
  );
  expect(removed.rows.map(({ label }) => label)).toEqual(['Old engine']);
  expect(removed.gapMs).toBeNull();
});

test('a replacement that only the timeline has is shown with the times in the timeline', () => {
  const steps = stepsOfEnded([3, START / 1_000, 1.5, 5, 'port changed']);
  expect(bars(steps)).toEqual([
    ['Old engine', 'hidden', 0, 5_000, false],
    ['New engine', 'starting', 0, 1_500, false],
    ['New engine', 'listed', 1_500, 5_600, true],
  ]);
});
