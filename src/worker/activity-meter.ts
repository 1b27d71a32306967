import { Runtime, type ActivityInterceptorsFactory } from '@temporalio/worker';

/**
 * Gives each activity a meter whose labels are in snake_case, as those of the SDK's own metrics are. The SDK's meter for
 * activities puts `taskQueue` on everything, where no interceptor of tags gets at it.
 */
export const meterInSnakeCase: ActivityInterceptorsFactory = (context) => {
  const { namespace, taskQueue, activityType } = context.info;
  const tags = { namespace, task_queue: taskQueue, activity_type: activityType };
  Object.assign(context, { metricMeter: Runtime.instance().metricMeter.withTags(tags) });
  return {};
};
