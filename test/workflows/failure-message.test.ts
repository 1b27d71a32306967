import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { failureMessage } from '../../src/workflows/shared/failure-message';

function ofActivity(cause: Error): ActivityFailure {
  return new ActivityFailure('Activity task failed', 'stopEngine', '1', 'IN_PROGRESS', 'worker', cause);
}

test.each<[string, Error, string]>([
  ['an error', ofActivity(ApplicationFailure.create({ message: 'Docker answers 500' })), 'Docker answers 500'],
  [
    'a worker that is killed',
    ofActivity(new TimeoutFailure('activity Heartbeat timeout', undefined, 'HEARTBEAT')),
    'the worker that was at it has gone away',
  ],
  [
    'a time-out of Temporal after failures of its own, which it keeps',
    ofActivity(
      Object.assign(new TimeoutFailure('activity ScheduleToClose timeout', undefined, 'SCHEDULE_TO_CLOSE'), {
        cause: ApplicationFailure.create({ message: 'Docker answers 500' }),
      }),
    ),
    'Docker answers 500',
  ],
  [
    'a time-out of Temporal',
    ofActivity(new TimeoutFailure('activity StartToClose timeout', undefined, 'START_TO_CLOSE')),
    'it was not done in time (activity StartToClose timeout)',
  ],
])('%s is told by what lies beneath', (_what, error, message) => {
  expect(failureMessage(error)).toBe(message);
});
