import type { DockerHealth } from '../../../domain/vpn/observation';

// Docker's list of containers gives health and uptime only as text, as `docker ps` shows it: 'Up 5 minutes
// (healthy)'.

/** How long a run has lasted, in seconds, as precisely as the text says. */
export interface Uptime {
  readonly atLeast: number;
  readonly below: number;
}

const HOUR = 3600;
/** Docker rounds hours, and computes longer times from rounded hours; see HumanDuration in docker/go-units. */
const ROUNDED = HOUR / 2;
const UNITS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: HOUR,
  day: 24 * HOUR,
  week: 7 * 24 * HOUR,
  month: 30 * 24 * HOUR,
  year: 365 * 24 * HOUR,
};

/** Null if the container does not run, or the text is not Docker's. */
export function uptimeIn(status: string): Uptime | null {
  if (/^Up Less than a second\b/i.test(status)) return { atLeast: 0, below: 1 };
  const [, amount = '', unit = ''] =
    /^Up (\d+|About an?) (second|minute|hour|day|week|month|year)s?\b/i.exec(status) ?? [];
  const seconds = UNITS[unit.toLowerCase()];
  if (seconds === undefined) return null;
  const count = /^\d+$/.test(amount) ? Number(amount) : 1;
  const rounded = seconds >= HOUR ? ROUNDED : 0;
  return { atLeast: count * seconds - rounded, below: (count + 1) * seconds };
}

export function healthIn(status: string): DockerHealth {
  const [, said] = /\((?:health: )?(healthy|unhealthy|starting)\)/.exec(status) ?? [];
  return said === 'healthy' || said === 'unhealthy' || said === 'starting' ? said : 'none';
}

/** Compares the texts of consecutive lists to tell whether a container was restarted in between. */
export class Uptimes {
  private readonly last = new Map<string, { readonly uptime: Uptime; readonly at: number }>();

  /**
   * Whether this is another run than in the list before: true if the texts prove it, or this one can't be read.
   * @param at when the list was asked for, in monotonic time
   */
  isAnotherRun(
    id: string,
    { running, status }: { readonly running: boolean; readonly status: string },
    at: number,
  ): boolean {
    const before = this.last.get(id);
    const uptime = running ? uptimeIn(status) : null;
    if (uptime === null) {
      this.last.delete(id);
      return running;
    }
    this.last.set(id, { uptime, at });
    if (before === undefined) return false;
    const passed = Math.max(0, (at - before.at) / 1000 - SLACK_S);
    return uptime.below <= before.uptime.atLeast + passed;
  }

  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.last.keys()) if (!ids.has(id)) this.last.delete(id);
  }
}

/** Docker may write a list some time after it was asked for. */
const SLACK_S = 1;
