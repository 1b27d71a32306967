import { reconciled, withReports } from '../../src/workflows/vpn/observe/container-reports';
import { DAY, snapshot } from '../builders';

const runs = (id: string) =>
  ({ id, running: true, startedAt: DAY, networkOf: 'vpn-container', health: 'healthy' }) as const;
const ids = ({ snapshot: { engines } }: ReturnType<typeof reconciled>) => engines.map((e) => e.id);

const BEFORE = 4;
const SINCE = 5;
const up = withReports([], ['new'], { there: true, revision: SINCE });
const gone = withReports([], ['old'], { there: false, revision: SINCE });

test('an engine that came up after the observation was asked for is taken to exist, and a new snapshot is needed', () => {
  const early = reconciled(snapshot(40_000, { engines: [] }), BEFORE, up, [runs('new')]);
  expect([ids(early), early.isDoubtful]).toEqual([['new'], true]);
});

test('an engine that came up since is taken to run, though the older observation saw its container before the start', () => {
  const created = { ...runs('new'), running: false, startedAt: null, health: 'unknown' } as const;
  const early = reconciled(snapshot(40_000, { engines: [created] }), BEFORE, up, [runs('new')]);
  expect([early.snapshot.engines, early.isDoubtful]).toEqual([[runs('new')], true]);
  const late = reconciled(snapshot(40_000, { engines: [created] }), SINCE, up, [runs('new')]);
  expect([late.snapshot.engines, late.isDoubtful]).toEqual([[created], false]);
});

test('an observation that was asked for after the report overrules it', () => {
  const late = reconciled(snapshot(40_000, { engines: [] }), SINCE, up, [runs('new')]);
  expect([ids(late), late.isDoubtful]).toEqual([[], false]);
});

test('an engine that was removed is not brought back by an older observation, and is by a newer one', () => {
  const seen = snapshot(40_000, { engines: [runs('old'), runs('other')] });
  const early = reconciled(seen, BEFORE, gone, []);
  expect([ids(early), early.isDoubtful]).toEqual([['other'], false]);
  expect(ids(reconciled(seen, SINCE, gone, []))).toEqual(['old', 'other']);
});

test('an observation that confirms every report is taken as it is', () => {
  const seen = snapshot(40_000, { engines: [runs('new')] });
  expect(reconciled(seen, BEFORE, [...up, ...gone], [])).toEqual({ snapshot: seen, isDoubtful: false });
});
