// A strict parser of Prometheus's text format 0.0.4.

export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: MetricType;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/;
const VALUE = /^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/i;

/** @throws at the first line that does not match the format */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, { type: MetricType | null; help: string; samples: Sample[] }>();
  const series = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    // prom-client separates families by empty lines, which the format allows.
    if (line === '') continue;
    const [, help, about = ''] = new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line) ?? [];
    if (help !== undefined) {
      if (families.has(help)) throw new Error(`${help} has two HELP lines`);
      families.set(help, { type: null, help: about, samples: [] });
      current = help;
      continue;
    }
    const [, typed, type] = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`).exec(line) ?? [];
    const family = families.get(current);
    if (typed !== undefined) {
      if (typed !== current || !family || family.type !== null || family.samples.length > 0)
        throw new Error(`TYPE is out of place: ${line}`);
      family.type = type as MetricType;
      continue;
    }
    const [, name = '', labels = '', value = ''] = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`).exec(line) ?? [];
    if (!family?.type || !VALUE.test(value)) throw new Error(`not a sample: ${line}`);
    const own = family.type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => current + end) : [current];
    if (!own.includes(name)) throw new Error(`${name} is among the samples of ${current}`);
    const sample = { name, labels: parseLabels(labels), value: Number(value.replace('Inf', 'Infinity')) };
    const key = `${name} ${ordered(sample.labels)}`;
    if (series.has(key)) throw new Error(`duplicate series: ${line}`);
    series.add(key);
    family.samples.push(sample);
  }
  return new Map(
    [...families].map(([name, { type, help, samples }]) => {
      if (type === null) throw new Error(`${name} has no type`);
      if (type === 'histogram') assertBuckets(name, samples);
      return [name, { type, help, samples }];
    }),
  );
}

/** A key that is the same for the same labels in any order. */
function ordered(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => a.localeCompare(b)));
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== '';) {
    const [all, name, value] = LABEL.exec(rest) ?? [];
    if (all === undefined || name === undefined || value === undefined) throw new Error(`not labels: ${text}`);
    if (name in labels) throw new Error(`duplicate label ${name}: ${text}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_all, c: string) => (c === 'n' ? '\n' : c));
    rest = rest.slice(all.length);
  }
  return labels;
}

function assertBuckets(name: string, samples: readonly Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _le, ...labels } = sample.labels;
    const key = ordered(labels);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, group] of groups) {
    const counts = group.filter((s) => s.name === `${name}_bucket`).map((s) => s.value);
    const total = group.find((s) => s.name === `${name}_count`)?.value;
    const last = group.findLast((s) => s.name === `${name}_bucket`);
    const rising = counts.every((count, i) => count >= (counts[i - 1] ?? 0));
    if (!rising || last?.labels['le'] !== '+Inf' || last.value !== total)
      throw new Error(`the buckets of ${name} ${key} do not add up`);
  }
}

/** The value of the only sample with these labels, which may have other labels, too. */
export function valueOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = [...families.values()]
    .flatMap((f) => f.samples)
    .filter((s) => s.name === name && Object.entries(labels).every(([k, v]) => s.labels[k] === v));
  if (found.length > 1) throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)}`);
  return found[0]?.value;
}
