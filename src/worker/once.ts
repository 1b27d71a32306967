import { DefaultLogger, Runtime, type InjectedSinks, type LogEntry, type Logger } from '@temporalio/worker';
import type { MeasureSinks, Metric, Tags } from '../workflows/shared/measures-sink';
import { TASK_MARK } from '../workflows/shared/task-mark';

/** The latest task of this many runs is remembered: more than a worker keeps in its cache. */
const RUNS_AT_MOST = 5_000;

interface Task {
  readonly id: string;
  attempt: string;
  /** How often each line and measure was written in all attempts, and how often it has come in the latest attempt. */
  readonly written: Map<string, number>;
  inAttempt: Map<string, number>;
}

/**
 * Tells whether a line or measure of a workflow task was already written in an earlier attempt at the task: see
 * `task-mark.ts`.
 */
export class Once {
  private readonly tasks = new Map<string, Task>();

  constructor(private readonly runsAtMost = RUNS_AT_MOST) {}

  /** @param mark names the task and the attempt; null: the line belongs to no task */
  isNew(runId: string, mark: string | null, what: string): boolean {
    if (mark === null) return true;
    const slash = mark.indexOf('/');
    const task = this.task(runId, mark.slice(0, slash), mark.slice(slash));
    const times = (task.inAttempt.get(what) ?? 0) + 1;
    task.inAttempt.set(what, times);
    if (times <= (task.written.get(what) ?? 0)) return false;
    task.written.set(what, times);
    return true;
  }

  private task(runId: string, id: string, attempt: string): Task {
    const known = this.tasks.get(runId);
    if (known?.id === id) {
      if (known.attempt !== attempt) {
        known.attempt = attempt;
        known.inAttempt = new Map();
      }
      return known;
    }
    const task = { id, attempt, written: new Map<string, number>(), inAttempt: new Map<string, number>() };
    // The map is in the order of use: the run with the newest task goes to the end.
    this.tasks.delete(runId);
    this.tasks.set(runId, task);
    const [oldest] = this.tasks.keys();
    if (this.tasks.size > this.runsAtMost && oldest !== undefined) this.tasks.delete(oldest);
    return task;
  }
}

/** A logger for the SDK that writes each line of a workflow once, however often its task is attempted. */
export function loggerOnce(level: 'INFO' | 'WARN', write: (entry: LogEntry) => void, once = new Once()): Logger {
  return new DefaultLogger(level, (entry) => {
    const { [TASK_MARK]: mark, runId, ...meta } = entry.meta ?? {};
    const isNew = typeof mark !== 'string' || once.isNew(String(runId), mark, whatIsSaid(entry));
    if (isNew) write({ ...entry, meta: { ...meta, runId } });
  });
}

/** Durations differ from attempt to attempt, and don't make another line. */
function whatIsSaid({ level, message, meta }: LogEntry): string {
  const timeless = message.replaceAll(/\d+(\.\d+)? (s|ms)\b/g, '… $2');
  return JSON.stringify([level, timeless, meta?.['replacement'], meta?.['engine']]);
}

/** The metrics of workflows, each counted once, with the labels of the SDK's exporter. */
export function measuresOnce(namespace: string, taskQueue: string, once = new Once()): InjectedSinks<MeasureSinks> {
  const meter = Runtime.instance().metricMeter.withTags({ namespace, task_queue: taskQueue });
  // Cached, since making a counter or histogram costs a call into the SDK's core.
  const counters = new Map<string, ReturnType<typeof meter.createCounter>>();
  const histograms = new Map<string, ReturnType<typeof meter.createHistogram>>();
  const isNew = (runId: string, task: string, { name }: Metric, tags: Tags) =>
    once.isNew(runId, task, `${name} ${JSON.stringify(tags)}`);
  return {
    measures: {
      count: {
        fn: ({ runId, workflowType }, task, metric, value, tags) => {
          const { name, description } = metric;
          const counter = counters.get(name) ?? meter.createCounter(name, undefined, description);
          counters.set(name, counter);
          if (isNew(runId, task, metric, tags)) counter.add(value, { workflow_type: workflowType, ...tags });
        },
        callDuringReplay: false,
      },
      record: {
        fn: ({ runId, workflowType }, task, metric, value, tags) => {
          const { name, description } = metric;
          const histogram = histograms.get(name) ?? meter.createHistogram(name, 'float', undefined, description);
          histograms.set(name, histogram);
          if (isNew(runId, task, metric, tags)) histogram.record(value, { workflow_type: workflowType, ...tags });
        },
        callDuringReplay: false,
      },
    },
  };
}
