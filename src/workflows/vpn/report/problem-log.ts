import type { Instant } from '../../../domain/engine';

/** After so long without it a problem is over. */
const OVER_AFTER_MS = 10_000;
/** A problem that comes again within this time is counted as coming and going. */
const REMEMBERED_FOR_MS = 10 * 60_000;
/** The third time the log line adds that it comes and goes. After that nothing is logged while it does. */
const COMES_AND_GOES_FROM = 3;

interface Log {
  warn(text: string, attributes: Record<string, unknown>): void;
  info(text: string, attributes: Record<string, unknown>): void;
}

/** A kind of problem that was seen. */
interface Seen {
  /** How often it came, without an absence of REMEMBERED_FOR_MS in between. */
  readonly times: number;
  readonly lastSeen: Instant;
}

/** Logs a VPN's problems: a line when one comes, and a line when it is over. A problem that comes and goes is not logged each time. */
export class ProblemLog {
  private readonly seen = new Map<string, Seen>();
  /** Since when the VPN is healthy without the logged problem. */
  private wellSince: Instant | null = null;

  /** @param current the logged problem that is not over; null: none */
  constructor(
    private readonly vpn: string,
    private readonly log: Log,
    private current: string | null,
  ) {}

  /** The logged problem that is not over; null: none. */
  get unresolved(): string | null {
    return this.current;
  }

  /** When the problem will count as over; null while there is none, or while it lasts. */
  get overAt(): Instant | null {
    return this.current === null || this.wellSince === null ? null : this.wellSince + this.quietMs(this.current);
  }

  /** Problems are logged again, for the log of another worker. */
  forget(): void {
    this.seen.clear();
    this.current = null;
  }

  /** @param well the VPN is known to be healthy; a VPN that is starting has no problem, but is not well either */
  follow(problem: string | null, well: boolean, now: Instant): void {
    if (problem === null) this.ease(well, now);
    else this.tell(problem, now);
  }

  private tell(problem: string, now: Instant): void {
    this.wellSince = null;
    const key = kindOf(problem);
    const before = this.seen.get(key);
    const isSame = this.current !== null && kindOf(this.current) === key;
    this.current = problem;
    if (isSame) {
      this.seen.set(key, { times: before?.times ?? 1, lastSeen: now });
      return;
    }
    const isRecent = before !== undefined && now - before.lastSeen < REMEMBERED_FOR_MS;
    const times = isRecent ? before.times + 1 : 1;
    this.seen.set(key, { times, lastSeen: now });
    if (times > COMES_AND_GOES_FROM) return;
    const again = times === COMES_AND_GOES_FROM ? ' - this comes and goes, and is not logged each time' : '';
    this.log.warn(`[${this.vpn}] ${problem}${again}`, { event: 'problem' });
  }

  private ease(well: boolean, now: Instant): void {
    if (this.current === null) return;
    // The problem was last seen when it ended.
    const key = kindOf(this.current);
    const before = this.seen.get(key);
    if (this.wellSince === null) this.seen.set(key, { times: before?.times ?? 1, lastSeen: now });
    this.wellSince = well ? (this.wellSince ?? now) : null;
    if (this.overAt === null || now < this.overAt) return;
    this.log.info(`[${this.vpn}] All is well again (was: ${this.current})`, { event: 'problem over' });
    this.current = null;
    this.wellSince = null;
  }

  private quietMs(problem: string): number {
    const { times = 1 } = this.seen.get(kindOf(problem)) ?? {};
    return times < COMES_AND_GOES_FROM ? OVER_AFTER_MS : REMEMBERED_FOR_MS;
  }
}

/** The problem without its numbers, which may change while it lasts. HTTP statuses stay: 500 after 401 is another problem. */
function kindOf(problem: string): string {
  return problem.replaceAll(/\b(?![45]\d\d\b)\d+/g, '#');
}
