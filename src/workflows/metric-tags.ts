import type { WorkflowInterceptors } from '@temporalio/workflow';
import { tagsInSnakeCase } from '../domain/measures';

/** Prometheus's own checker asks for it, and the SDK's own metrics have `task_queue` already. */
export function interceptors(): WorkflowInterceptors {
  return { outbound: [{ getMetricTags: tagsInSnakeCase }] };
}
