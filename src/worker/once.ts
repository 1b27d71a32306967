import { DefaultLogger, Runtime, type InjectedSinks, type LogEntry, type Logger } from '@temporalio/worker';
import type { MeasureSinks, Metric, Tags } from '../workflows/shared/measures-sink';
import { TASK_MARK } from '../workflows/shared/task-mark';

/** Of so many runs the latest task is remembered: more than a worker keeps in its cache. */
const RUNS_AT_MOST = 5_000;

interface Task {
  readonly before: string;
  attempt: string;
  /** How often each thing came out in all attempts, and how often it came in the latest one. */
  readonly out: Map<string, number>;
  come: Map<string, number>;
}

/** Says what of a workflow task's lines and measures has not come out in an earlier attempt: see `task-mark.ts`. */
export class Once {
  private readonly tasks = new Map<string, Task>();

  constructor(private readonly runsAtMost = RUNS_AT_MOST) {}

  /** @param mark of the task, as the workflow has it; null: of no task */
  isNew(runId: string, mark: string | null, what: string): boolean {
    if (mark === null) return true;
    const slash = mark.indexOf('/');
    const task = this.task(runId, mark.slice(0, slash), mark.slice(slash));
    const came = (task.come.get(what) ?? 0) + 1;
    task.come.set(what, came);
    if (came <= (task.out.get(what) ?? 0)) return false;
    task.out.set(what, came);
    return true;
  }

  private task(runId: string, before: string, attempt: string): Task {
    const known = this.tasks.get(runId);
    if (known?.before === before) {
      if (known.attempt !== attempt) {
        known.attempt = attempt;
        known.come = new Map();
      }
      return known;
    }
    const task = { before, attempt, out: new Map<string, number>(), come: new Map<string, number>() };
    // The oldest is the first: the run whose task is newest is put at the end.
    this.tasks.delete(runId);
    this.tasks.set(runId, task);
    const [oldest] = this.tasks.keys();
    if (this.tasks.size > this.runsAtMost && oldest !== undefined) this.tasks.delete(oldest);
    return task;
  }
}

/** A logger of the SDK that lets out once what a workflow logs. */
export function loggerOnce(level: 'INFO' | 'WARN', write: (entry: LogEntry) => void, once = new Once()): Logger {
  return new DefaultLogger(level, (entry) => {
    const { [TASK_MARK]: mark, runId, ...meta } = entry.meta ?? {};
    const isNew = typeof mark !== 'string' || once.isNew(String(runId), mark, whatIsSaid(entry));
    if (isNew) write({ ...entry, meta: { ...meta, runId } });
  });
}

/** Time goes by from attempt to attempt: what a line says of it is no difference. */
function whatIsSaid({ level, message, meta }: LogEntry): string {
  const timeless = message.replaceAll(/\d+(\.\d+)? (s|ms)\b/g, '… $2');
  return JSON.stringify([level, timeless, meta?.['replacement'], meta?.['engine']]);
}

/** What workflows count and measure, once, as the SDK's exporter shows it. */
export function measuresOnce(namespace: string, taskQueue: string, once = new Once()): InjectedSinks<MeasureSinks> {
  const meter = Runtime.instance().metricMeter.withTags({ namespace, task_queue: taskQueue });
  // To make one costs a call into the SDK's core.
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
