import { Runtime, type ActivityInterceptorsFactory } from '@temporalio/worker';

/**
 * Gives each activity a meter whose labels are in snake_case, like those of the SDK's own metrics. The SDK's meter
 * for activities adds a label `taskQueue`, which no interceptor can rename.
 */
export const meterInSnakeCase: ActivityInterceptorsFactory = (context) => {
  const { namespace, taskQueue, activityType } = context.info;
  const tags = { namespace, task_queue: taskQueue, activity_type: activityType };
  Object.assign(context, { metricMeter: Runtime.instance().metricMeter.withTags(tags) });
  return {};
};
