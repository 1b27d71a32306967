import { EventsAhead } from '../../src/api/stream-events-ahead';
import { started } from '../streams/events';

test('who has an older list in hand than somebody else has had meanwhile is told of all that came after it', () => {
  const ahead = new EventsAhead();
  ahead.add([started('a')], 1_000);
  expect(ahead.since(1_500)).toEqual([]);
  expect(ahead.since(900).map((e) => e.kind)).toEqual(['started']);
});

test('what every list has long had is forgotten', () => {
  const ahead = new EventsAhead();
  ahead.add([started('a')], 1_000);
  expect(ahead.since(11_000)).toEqual([]);
  expect(ahead.since(900)).toEqual([]);
});
