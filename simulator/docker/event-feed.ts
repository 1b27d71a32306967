import type { ServerResponse } from 'node:http';
import { DockerRefusal } from './refusal';

export interface EventSource {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Sends Docker's container events to every listener. */
export class DockerEventFeed {
  private readonly listeners = new Set<{ readonly filters: Filters; readonly answer: ServerResponse }>();

  emit(source: EventSource, action: string, more: Readonly<Record<string, string>> = {}): void {
    const { id, name, image, labels } = source;
    const now = Date.now();
    const event = {
      status: action,
      id,
      from: image,
      Type: 'container',
      Action: action,
      Actor: { ID: id, Attributes: { ...more, image, name, ...labels } },
      scope: 'local',
      time: Math.floor(now / 1000),
      timeNano: now * 1e6,
    };
    const line = `${JSON.stringify(event)}\n`;
    for (const { filters, answer } of this.listeners) {
      // The filter `health_status` also matches `health_status: healthy` and the like.
      const isKind = filters.permits('event', action) || filters.permits('event', action.split(':')[0] ?? '');
      const isMeant = filters.permits('container', id) || filters.permits('container', name);
      if (isKind && isMeant && filters.permits('type', 'container') && filters.permitsLabels(labels))
        answer.write(line);
    }
  }

  /** Sends events until the client leaves. */
  send(filters: Filters, answer: ServerResponse): void {
    answer.writeHead(200, { 'content-type': 'application/json' });
    // Send the headers at once, because the first event may be long in coming.
    answer.flushHeaders();
    const listener = { filters, answer };
    this.listeners.add(listener);
    answer.on('close', () => this.listeners.delete(listener));
  }
}

/** The query parameter `filters`, in both forms that Docker accepts: lists of values, and values as keys. */
export class Filters {
  private readonly wanted: Readonly<Record<string, readonly string[]>>;

  /** @param known the supported filters. @throws DockerRefusal for others, because ignoring a filter would answer too much */
  constructor(text: string | null, known: readonly string[]) {
    const parsed: Record<string, string[] | Record<string, boolean>> = text === null ? {} : JSON.parse(text);
    const unknown = Object.keys(parsed).filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new DockerRefusal(501, `not simulated: filter ${unknown.join(', ')}`);
    this.wanted = Object.fromEntries(
      Object.entries(parsed).map(([name, values]) => [name, Array.isArray(values) ? values : Object.keys(values)]),
    );
  }

  values(name: string): readonly string[] {
    return this.wanted[name] ?? [];
  }

  permits(name: string, value: string): boolean {
    return this.wanted[name] === undefined || this.values(name).includes(value);
  }

  /** Whether any wanted name matches. Docker takes them as regular expressions, and its own names begin with a slash. */
  permitsName(name: string): boolean {
    if (this.wanted['name'] === undefined) return true;
    return this.values('name').some((wanted) => new RegExp(wanted).test(name) || new RegExp(wanted).test(`/${name}`));
  }

  /** Whether the labels have every wanted one, given as `name` or `name=value`. */
  permitsLabels(labels: Readonly<Record<string, string>>): boolean {
    return this.values('label').every((wanted) => {
      const [name = '', ...value] = wanted.split('=');
      return value.length === 0 ? name in labels : labels[name] === value.join('=');
    });
  }
}
