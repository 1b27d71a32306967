import type { Instant } from '../../../domain/engine';

/** A problem that was gone for so long is over. */
const OVER_AFTER_MS = 10_000;
/** One that comes again within this is one that comes and goes. */
const REMEMBERED_FOR_MS = 10 * 60_000;
/** The third time it is said that it comes and goes, and nothing more while it does. */
const COMES_AND_GOES_FROM = 3;

interface Log {
  warn(text: string, attributes: Record<string, unknown>): void;
  info(text: string, attributes: Record<string, unknown>): void;
}

interface Told {
  /** How often it came without being gone for REMEMBERED_FOR_MS. */
  readonly times: number;
  readonly lastSeen: Instant;
}

/** Says in the log what keeps a VPN from working: once when it comes and once when it is over, however often it comes and goes. */
export class ProblemLog {
  private readonly known = new Map<string, Told>();
  /** Since when the VPN has been well without a problem that was told. */
  private wellSince: Instant | null = null;

  /** @param current what has been told and is not over */
  constructor(
    private readonly vpn: string,
    private readonly log: Log,
    private current: string | null,
  ) {}

  /** What has been told and is not over. */
  get told(): string | null {
    return this.current;
  }

  /** When it may be said that the problem is over; null while there is none, or while it lasts. */
  get overAt(): Instant | null {
    return this.current === null || this.wellSince === null ? null : this.wellSince + this.quietMs(this.current);
  }

  /** It is all to be said again, to somebody who begins to read. */
  forget(): void {
    this.known.clear();
    this.current = null;
  }

  /** @param well the VPN is seen to be healthy: one that is only starting has nothing wrong yet */
  follow(problem: string | null, well: boolean, now: Instant): void {
    if (problem === null) this.ease(well, now);
    else this.tell(problem, now);
  }

  private tell(problem: string, now: Instant): void {
    this.wellSince = null;
    const key = kindOf(problem);
    const before = this.known.get(key);
    const isSame = this.current !== null && kindOf(this.current) === key;
    this.current = problem;
    if (isSame) {
      this.known.set(key, { times: before?.times ?? 1, lastSeen: now });
      return;
    }
    const isRecent = before !== undefined && now - before.lastSeen < REMEMBERED_FOR_MS;
    const times = isRecent ? before.times + 1 : 1;
    this.known.set(key, { times, lastSeen: now });
    if (times > COMES_AND_GOES_FROM) return;
    const again = times === COMES_AND_GOES_FROM ? ' - this comes and goes, and is not told each time' : '';
    this.log.warn(`[${this.vpn}] ${problem}${again}`, { event: 'problem' });
  }

  private ease(well: boolean, now: Instant): void {
    if (this.current === null) return;
    // What is seen last of a problem is its end.
    const key = kindOf(this.current);
    const before = this.known.get(key);
    if (this.wellSince === null) this.known.set(key, { times: before?.times ?? 1, lastSeen: now });
    this.wellSince = well ? (this.wellSince ?? now) : null;
    if (this.overAt === null || now < this.overAt) return;
    this.log.info(`[${this.vpn}] All is well again (was: ${this.current})`, { event: 'problem over' });
    this.current = null;
    this.wellSince = null;
  }

  private quietMs(problem: string): number {
    const { times = 1 } = this.known.get(kindOf(problem)) ?? {};
    return times < COMES_AND_GOES_FROM ? OVER_AFTER_MS : REMEMBERED_FOR_MS;
  }
}

/** Numbers in it may change while it is the same, but for an HTTP status: 500 after 401 is something else. */
function kindOf(problem: string): string {
  return problem.replaceAll(/\b(?![45]\d\d\b)\d+/g, '#');
}
