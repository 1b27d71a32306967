import { proxySinks, type Sinks } from '@temporalio/workflow';
import { taskMark } from './task-mark';

export interface Metric {
  readonly name: string;
  readonly description: string;
}

export type Tags = Readonly<Record<string, string>>;

/**
 * Sinks by which workflows count and measure. The SDK's own meter would count once for each attempt at a workflow task. Sinks are silent
 * while a history is replayed.
 * @param task see `task-mark.ts`
 */
export interface MeasureSinks extends Sinks {
  readonly measures: {
    count(task: string, metric: Metric, value: number, tags: Tags): void;
    record(task: string, metric: Metric, value: number, tags: Tags): void;
  };
}

const { measures } = proxySinks<MeasureSinks>();

export function counter(metric: Metric): { add(value: number, tags: Tags): void } {
  return { add: (value, tags) => measures.count(taskMark(), metric, value, tags) };
}

export function histogram(metric: Metric): { record(value: number, tags: Tags): void } {
  return { record: (value, tags) => measures.record(taskMark(), metric, value, tags) };
}
